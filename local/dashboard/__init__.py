"""The dashboard of template.yaml over a local system: there is no CloudWatch, but what it reads is in the logs."""
