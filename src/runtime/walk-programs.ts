import { z } from 'zod';
import { Trit } from '../model/trit.js';
import type { WalkAgent } from '../multiverse/index.js';

/**
 * What the agents of a walk run, as Python: the programs that are built in, and what calls an agent's program and hands its
 * answer back as JSON.
 */

/** What an agent is told; it goes into the world as JSON, so 64-bit numbers are text. */
export type AgentGiven = Readonly<Record<string, unknown>>;

/** An agent's answer, and what its world says its trit is. */
export interface AgentAnswer {
  readonly trit: Trit;
  readonly answer: unknown;
}

/** How agents are put to work; tests have one in the language of the simulated substrate. */
export interface WalkPrograms {
  /** Code whose value is the JSON text of an `AgentAnswer`. */
  work(agent: WalkAgent, given: AgentGiven): string;
  /** Code whose value is the JSON text of the world's walk. */
  readonly look: string;
}

/** The function that each agent's program defines. */
export const AGENT_FUNCTIONS: Readonly<Record<WalkAgent, string>> = {
  generator: 'propose',
  coordinator: 'formalise',
  validator: 'verify',
};

const GENERATOR = `
import world

def propose(given):
    """Five colours of the stream of this turn's seed."""
    world.random.seed(int(given["seed"], 16))
    return {"colours": ["#%06x" % (world.random.u64() >> 40) for _ in range(5)]}
`;

const COORDINATOR = `
import world

def formalise(given):
    """Chooses one of the colours by its own seed and appends the step to the walk."""
    colours = given["proposal"]["colours"]
    colour = colours[world.SplitMix64(int(given["seed"], 16)).u64() % len(colours)]
    plus = given["trits"][0]
    trits = [plus, world.trit, (1 - plus - world.trit) % 3 - 1]
    step = {**given["step"], "colour": colour, "trits": trits}
    walk.append(step)
    return step
`;

/** Works everything out again from the genesis, and shares no code with the other two. */
const VALIDATOR = `
import hashlib, json, world

def verify(given):
    """True, or what is wrong with the step."""
    top = (1 << 64) - 1
    gamma, mix = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9
    genesis = int(given["genesis"], 16)
    seeds = {1: genesis, 0: genesis ^ gamma, -1: genesis ^ (gamma << 1 & top)}
    for _ in range(given["turn"]):
        seeds = {trit: ((seed ^ (trit * gamma & top)) * mix) & top for trit, seed in seeds.items()}

    def draw(seed, index):
        z = (seed + index * gamma) & top
        z = ((z ^ (z >> 30)) * mix) & top
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & top
        return z ^ (z >> 31)

    colours = ["#" + format(draw(seeds[1], index) >> 40, "06x") for index in range(5)]
    if given["proposal"] != {"colours": colours}:
        return "the proposal is not that of the generator's seed"
    step = {
        "step": len(walk) + 1,
        "genesis": given["genesis"],
        "turn": given["turn"],
        "seed": "0x" + format(seeds[1], "016x"),
        "colour": colours[draw(seeds[0], 0) % len(colours)],
        "trits": [1, 0, world.trit],
    }
    for name, value in step.items():
        if given["step"].get(name) != value:
            return f"{name} of the step is {given['step'].get(name)!r} and should be {value!r}"
    if given["step"] != step:
        return "the step says more than a step does"
    root = hashlib.sha256(b"world-runtime walk 1").hexdigest()
    for one in [*walk, step]:
        text = json.dumps(one, sort_keys=True, separators=(",", ":"))
        root = hashlib.sha256((root + "\\n" + text).encode()).hexdigest()
    if given["after"] != {"length": len(walk) + 1, "root": root}:
        return "the coordinator's walk is not the accepted one with this step at its end"
    return True
`;

const BUILT_IN: Readonly<Record<WalkAgent, string>> = {
  generator: GENERATOR,
  coordinator: COORDINATOR,
  validator: VALIDATOR,
};

/** The agents' programs in Python, built in where there is no other. */
export function pythonPrograms(own: Partial<Readonly<Record<WalkAgent, string>>> = {}): WalkPrograms {
  return {
    work: (agent, given) => workCode(agent, own[agent] ?? BUILT_IN[agent], given),
    look: '__import__("json").dumps(globals().get("walk", []))',
  };
}

/** A program runs among the world's variables, as any code does; what calls it leaves no name behind. */
function workCode(agent: WalkAgent, source: string, given: AgentGiven): string {
  const name = AGENT_FUNCTIONS[agent];
  // A JSON text is a Python text too: JSON writes only escapes that Python has.
  const told = JSON.stringify(JSON.stringify(given));
  return [
    'def __work(source, agent, name, given):',
    '    import json, world',
    '    scope = globals()',
    '    scope.setdefault("walk", [])',
    '    scope.pop(name, None)',
    '    exec(compile(source, f"<{agent}>", "exec"), scope)',
    '    if not callable(scope.get(name)):',
    '        raise NameError(f"the program of the {agent} defines no function {name}(given)")',
    '    answer = scope[name](json.loads(given))',
    '    return json.dumps({"trit": world.trit, "answer": answer}, allow_nan=False)',
    `globals().pop("__work")(${JSON.stringify(source)}, "${agent}", "${name}", ${told})`,
  ].join('\n');
}

const Answer = z.object({ trit: Trit, answer: z.unknown() });

/** Null for what is no answer: a program can replace what hands it over. */
export function readAnswer(value: string | null): AgentAnswer | null {
  const parsed = Answer.safeParse(readJson(value));
  return parsed.success ? { trit: parsed.data.trit, answer: parsed.data.answer } : null;
}

/** What a JSON text says that Python showed as the value of an expression; undefined for anything else. */
export function readJson(value: string | null): unknown {
  const quoted = /^(['"])([\s\S]*)\1$/.exec(value ?? '');
  if (!quoted) return undefined;
  try {
    return JSON.parse((quoted[2] ?? '').replace(/\\([\\'"])/g, '$1'));
  } catch {
    return undefined;
  }
}
