-- Asks for a run now: any new token does.
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["integrations.forcemanager.io/requestedAt"] = os.date("!%Y-%m-%dT%XZ")
return obj
