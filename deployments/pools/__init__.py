"""Work pools: the deployments of `prefect.yaml` for workers, and one run of a pool."""
