"""What `make build` makes: the artefacts that `sam deploy` uploads, built by `sam build` and finished here.

`sam build` alone leaves three things out: it checks no hash of a wheel for another machine, it ships whatever a wheel
holds, and it excludes bytecode, so that every cold start would compile all that it imports
(docs/decisions/0045-what-a-build-adds.md).
"""
