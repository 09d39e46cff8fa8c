"""A season under faults, from the boxes' logs to the platform's ledger; `make chaos` runs it.

    plan ──► season ──► evidence ──► verdict ──► story, build/chaos/summary.json
              │
              ├ processes: each box's writer and `estu sync`, mosquitto, two `estu-central receive`
              └ lines: what joins them, and treats bytes (line) and MQTT packets (mischief, packets) badly

`plan` chooses the faults from a seed, `season` lets them happen, `evidence` gathers what boxes and platform have
afterwards, and `verdict` says what is wrong with it.
"""
