"""Fakes of other people's servers: FCM and APNs by their real wire, and the phones behind them."""
