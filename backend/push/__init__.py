"""Push: notices on devices while no page is open. Who subscribed to what, and sending."""
