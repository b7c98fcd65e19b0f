VALUE = "needs-broken"
