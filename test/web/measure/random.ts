export { seededRandom } from '../../compare/random.ts'

/** Random time to the next arrival of a Poisson process, in the unit of the mean. */
export function exponential(random: () => number, mean: number): number {
  return -Math.log(1 - random()) * mean
}
