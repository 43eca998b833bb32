"""HTTP as API Gateway speaks it to a function.

Start-up counts here (the webhook imports these modules), so pydantic is imported only by who asks for a model, and
nothing is re-exported.
"""
