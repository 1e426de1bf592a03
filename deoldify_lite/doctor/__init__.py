"""What this machine has and can do, and what is wrong with it: `deoldify-lite doctor`."""
