"""Units by series and period: pooled where one series says too little, calibrated, and summing exactly."""
