/** Requests as generators: what answers at once runs through, the rest waits by yielding a promise. */
import type { ErrnoName } from "../../spec/9p.ts";
import { type Pending, TreeError } from "../../file-tree.ts";

export type Steps<Value> = Generator<Promise<unknown>, Value, unknown>;

/** The answer to a request is an error number. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly errno: ErrnoName;

  constructor(errno: ErrnoName) {
    super(errno);
    this.errno = errno;
  }
}

/** Refuses the request. */
export function refuse(errno: ErrnoName): never {
  throw new RequestError(errno);
}

/** Waits for a value that may be there already. */
export function* wait<Value>(value: Pending<Value>): Steps<Value> {
  return value instanceof Promise ? ((yield value) as Value) : value;
}

/** What an error of a tree is for the guest; `onHostError` hears those that are not the guest's doing. */
export function refusalOf(error: unknown, onHostError: (error: unknown) => void): RequestError {
  if (error instanceof RequestError) return error;
  if (!(error instanceof TreeError)) {
    onHostError(error);
    return new RequestError("EIO");
  }
  if (error.isHostError) onHostError(error);
  return new RequestError(error.errno);
}

/** How a request ended. */
export type Outcome<Value> = { readonly value: Value } | { readonly refusal: RequestError };

/** A request on its way. */
export class Run<Value> {
  private readonly steps: Steps<Value>;
  private readonly onEnd: (outcome: Outcome<Value>) => void;
  private ended = false;
  /** Counts what the run waits for: what answers after the request was given up is for nobody. */
  private turn = 0;

  constructor(steps: Steps<Value>, onEnd: (outcome: Outcome<Value>) => void) {
    this.steps = steps;
    this.onEnd = onEnd;
  }

  /** Runs until the request ends or waits. */
  start(): void {
    this.advance(() => this.steps.next());
  }

  /** Ends a request that waits, without what it waits for. */
  abandon(errno: ErrnoName): void {
    if (!this.ended) this.advance(() => this.steps.throw(new RequestError(errno)));
  }

  private advance(step: () => IteratorResult<Promise<unknown>, Value>): void {
    const turn = ++this.turn;
    let result: IteratorResult<Promise<unknown>, Value>;
    try {
      result = step();
    } catch (error) {
      this.ended = true;
      // Anything else is a fault of ours: it stops the machine with a report.
      if (!(error instanceof RequestError)) throw error;
      this.onEnd({ refusal: error });
      return;
    }
    if (result.done === true) {
      this.ended = true;
      this.onEnd({ value: result.value });
      return;
    }
    result.value.then(
      (value) => {
        if (turn === this.turn) this.advance(() => this.steps.next(value));
      },
      (error: unknown) => {
        if (turn === this.turn) this.advance(() => this.steps.throw(error));
      },
    );
  }
}
