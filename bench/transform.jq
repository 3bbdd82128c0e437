# What `bench/rules/calls.rhai` does, as one would write it for jq.
def part(a; b): if type == "string" then split(a) | join(b) else . end;
def machine: part("WINDEV"; "WINPRD") | part("UNXDEV"; "UNXPRD") | part("SQLDEV"; "SQLPRD") | part("IBMIDEV"; "IBMIPRD");
def prefix: if type == "string" and (startswith("RES_") or startswith("THR_")) then "Q_" + . else . end;
(.propertyList[]? | select(.name == "ENV_NAME" and .value == "DEV") | .value) = "PRD"
| (.propertyList[]? | select(.name == "API_URL") | .value) |= part("api.dev.corp"; "api.corp")
| (.variableList[]?.name) |= prefix
| (.scheduleList[]? | select(.startTime == "06:00") | .startTime) = "07:00"
| (.scheduleList[]?.jobList[]?) |= (
    (.resourceDependencyList[]?.resourceName) |= prefix
    | (.thresholdDependencyList[]?.thresholdName) |= prefix
    | (.eventList[]?.event) |= (part("$RESOURCE:SET,RES_"; "$RESOURCE:SET,Q_RES_") | part("$THRESHOLD:SET,THR_"; "$THRESHOLD:SET,Q_THR_"))
    | (if has("primaryMachine") then .primaryMachine |= machine else . end)
    | (if has("alternateMachine1") then .alternateMachine1 |= machine else . end)
    | (if has("alternateMachine2") then .alternateMachine2 |= machine else . end)
    | (if has("machineGroup") then .machineGroup |= part("_DEV"; "_PRD") else . end)
    | (if has("windowsData") then .windowsData |= (
        .commandLine |= (part("-env DEV"; "-env PRD") | part("\\\\devfs01\\"; "\\\\prdfs01\\")
          | part("\\\\devfs02\\"; "\\\\prdfs02\\") | part("\\Dev\\"; "\\Prd\\"))
        | .workingDirectory |= part("\\Dev\\"; "\\Prd\\")
        | .userId |= part("DEVDOM\\"; "PRDDOM\\")) else . end)
    | (if has("unixData") then .unixData |= (
        .startImage |= part("/opt/dev/"; "/opt/prd/") | .parameters |= part("--env=dev"; "--env=prd")) else . end)
    | (if has("tagList") then .tagList |= map(if . == "dev" then "prd" else . end) else . end))
