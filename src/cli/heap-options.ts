/**
 * What Node is told about the heap of a node process.
 *
 * Apart from the process itself, because it is a rule of its own: whoever starts one may have said something else.
 */

/** Of the heap of a process, for objects that were just made: the default of 16 is emptied while most of the tasks in hand still live. */
const youngMb = 64;
/** A process with a smaller heap has no such room to spare. */
const roomyMb = 512;

/** Options for Node; `given` is what it is told anyway. */
export function heapOptions(memoryMb: number | undefined, given: readonly string[]): string[] {
  const limit = memoryMb === undefined ? [] : [`--max-old-space-size=${memoryMb}`];
  const isRoomy = memoryMb === undefined || memoryMb >= roomyMb;
  const isTold = given.some((option) => option.includes('semi-space-size') || option.includes('semi_space_size'));
  return isRoomy && !isTold ? [...limit, `--max-semi-space-size=${youngMb}`] : limit;
}
