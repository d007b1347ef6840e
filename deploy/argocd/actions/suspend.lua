-- Pauses the integration. If Git says otherwise, the next sync of the application resumes it.
obj.spec.suspend = true
obj.spec.suspendReason = "Suspended in Argo CD"
return obj
