SELECT offer_id, kind, discount_pct, face_value, funded_by, unit_cost
FROM 'offers.csv'
