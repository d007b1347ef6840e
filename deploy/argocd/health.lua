-- Health of a SageIntegration for Argo CD, by the rules of kstatus.
local health = { status = "Progressing", message = "Waiting for the operator" }
local status = obj.status
if obj.metadata.deletionTimestamp ~= nil then
  health.message = "Being deleted"
  return health
end
if status == nil or status.conditions == nil or status.observedGeneration ~= obj.metadata.generation then
  return health
end

local conditions = {}
for _, condition in ipairs(status.conditions) do
  conditions[condition.type] = condition
end

local stalled, ready = conditions["Stalled"], conditions["Ready"]
if stalled ~= nil and stalled.status == "True" then
  health.status, health.message = "Degraded", stalled.reason .. ": " .. stalled.message
elseif conditions["Suspended"] ~= nil and conditions["Suspended"].status == "True" then
  health.status, health.message = "Suspended", conditions["Suspended"].message
elseif ready ~= nil and ready.status == "True" then
  local rejected = conditions["RecordsRejected"]
  health.status, health.message = "Healthy", rejected ~= nil and rejected.message or ready.message
elseif ready ~= nil then
  health.message = ready.reason .. ": " .. ready.message
end
return health
