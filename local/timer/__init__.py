"""The schedules: invokes functions at the times the template says."""
