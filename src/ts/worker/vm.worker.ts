import { echoBlueprint } from "./testing/echo-machine.ts";
import { serveMachine } from "./worker-environment.ts";

serveMachine((args) => echoBlueprint(args));
