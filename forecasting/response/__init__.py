"""What follows a touch: redemption, which is response, and uplift, which is what the touch changed."""
