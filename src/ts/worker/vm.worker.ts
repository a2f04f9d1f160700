/** The page's worker: one machine, as its command line says. */
import { parseCommandLine } from "../config/command-line.ts";
import { machineBlueprint } from "./machine-blueprint.ts";
import { serveMachine } from "./worker-environment.ts";

serveMachine((args) => machineBlueprint(parseCommandLine(args)));
