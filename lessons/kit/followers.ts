import { Wrong } from './finding.ts'
import type { Trial } from './trial.ts'

/** Resolves when at most `wanted` listeners follow the feed. `what`: the sentence that says why the others should be gone. */
export async function expectFollowers(trial: Trial, wanted: number, what: string, hint: string): Promise<void> {
  const gone = trial.until('they are gone', async () => (await trial.reads()).following <= wanted)
  if (await gone.catch(() => false)) return
  const { following } = await trial.reads()
  const listeners = following === 1 ? 'one listener' : `${following} listeners`
  const saw = `${what}, and ${listeners} of your program still followed the feed. Expected: ${wanted || 'none'}.`
  throw new Wrong({ saw, hint })
}
