"""Reaches phones and browsers through their providers: FCM, APNs, SNS, Web Push."""
