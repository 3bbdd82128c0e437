# What `bench/peers/src/bin/transform.rs` does, the same way: one walk over everything, by key.
def part(a; b): split(a) | join(b);
def parts(f): if type == "string" then f else . end;
def machine: parts(part("WINDEV"; "WINPRD") | part("UNXDEV"; "UNXPRD") | part("SQLDEV"; "SQLPRD") | part("IBMIDEV"; "IBMIPRD"));
def prefix: parts(if startswith("RES_") or startswith("THR_") then "Q_" + . else . end);
def on(key; f): if has(key) then .[key] |= f else . end;
(.propertyList[]? | select(.name == "ENV_NAME" and .value == "DEV") | .value) = "PRD"
| (.propertyList[]? | select(.name == "API_URL") | .value) |= parts(part("api.dev.corp"; "api.corp"))
| (.variableList[]?.name) |= prefix
| (.scheduleList[]? | select(.startTime == "06:00") | .startTime) = "07:00"
| (.scheduleList[]?.jobList[]?.tagList[]? | select(. == "dev")) = "prd"
| walk(if type == "object" then
    on("primaryMachine"; machine) | on("alternateMachine1"; machine)
    | on("alternateMachine2"; machine) | on("alternateMachine3"; machine)
    | on("machineGroup"; parts(if . == "GRP_WIN_DEV" or . == "GRP_UNX_DEV" then part("_DEV"; "_PRD") else . end))
    | on("commandLine"; parts(part("-env DEV"; "-env PRD") | part("\\\\devfs01\\"; "\\\\prdfs01\\")
        | part("\\\\devfs02\\"; "\\\\prdfs02\\") | part("\\Dev\\"; "\\Prd\\")))
    | on("workingDirectory"; parts(part("\\Dev\\"; "\\Prd\\")))
    | on("userId"; parts(part("DEVDOM\\"; "PRDDOM\\")))
    | on("startImage"; parts(part("/opt/dev/"; "/opt/prd/")))
    | on("parameters"; parts(part("--env=dev"; "--env=prd")))
    | on("resourceName"; prefix) | on("thresholdName"; prefix)
    | on("event"; parts(
        if startswith("$RESOURCE:") then part(",RES_"; ",Q_RES_")
        elif startswith("$THRESHOLD:") then part(",THR_"; ",Q_THR_") else . end))
  else . end)
