import build_tool

RUNS_WITH = build_tool.ORIGIN
