/**
 * The compiler settings that the code relies on. If one is lost, the expected error below is no longer there, and that is
 * an error too.
 */

declare const names: readonly string[];
// @ts-expect-error: an element that may be absent has to be looked at (noUncheckedIndexedAccess)
export const first: string = names[0];

declare const options: { size?: number };
// @ts-expect-error: absent and undefined are two things (exactOptionalPropertyTypes)
options.size = undefined;

class Base {
  run(): void {}
}
export class Derived extends Base {
  // @ts-expect-error: an override says so (noImplicitOverride)
  run(): void {}
}

// @ts-expect-error: Node 20 does not have it (lib ES2023)
export const grouped = Map.groupBy(names, (name) => name.length);
