-- Which actions Argo CD offers for a SageIntegration.
local suspended = obj.spec.suspend == true
return {
  ["sync-now"] = { disabled = suspended, iconClass = "fa fa-fw fa-sync" },
  ["suspend"] = { disabled = suspended, iconClass = "fa fa-fw fa-pause" },
  ["resume"] = { disabled = not suspended, iconClass = "fa fa-fw fa-play" },
}
