"""The whole of Plumbline on one machine: every part of the deployed system, run or played from `template.yaml`."""
