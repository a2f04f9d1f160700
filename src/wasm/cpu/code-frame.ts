/** Code frames: the decoded records of guest pages that have been executed. */

/**
 * Forgets decoded code of the linear-memory range [host, host + length) of guest RAM. Everything that writes guest
 * RAM other than a CPU store calls it: device writes when a chain is pushed, loaders, restored states.
 */
export function invalidateCode(host: usize, length: usize): void {}
