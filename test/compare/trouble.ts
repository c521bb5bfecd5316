/** Reason why nothing can be measured: the input is wrong, or a server fails. The program prints it and ends with 2. */
export class CompareError extends Error {}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
