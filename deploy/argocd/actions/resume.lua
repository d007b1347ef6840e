-- Resumes the integration where it was.
obj.spec.suspend = false
obj.spec.suspendReason = nil
obj.spec.suspendUntil = nil
return obj
