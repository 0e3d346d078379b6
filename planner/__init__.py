"""Plan the deployment of optical fibre over a region."""
