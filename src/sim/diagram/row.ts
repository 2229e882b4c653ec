/**
 * The rows of a picture: the few things that are drawn.
 *
 * Types only, for those who make rows and those who draw them.
 */
/** `broker`, `client`, or the name of a process. */
export type Place = string;

interface Common {
  readonly at: number;
  readonly words: string;
  /** More is kept longer when there is too much. */
  readonly weight: number;
  /** What struck here. */
  readonly fault?: string;
}

export interface Arrow extends Common {
  readonly kind: 'arrow';
  readonly from: Place;
  readonly to: Place;
  readonly line: 'call' | 'reply';
  /** When it arrives, if later than drawn; `lost`: never. */
  readonly lands?: number | 'lost';
}

export interface Mark extends Common {
  readonly kind: 'mark';
  readonly places: readonly Place[];
  readonly tone: 'run' | 'life' | 'fault';
}

/** Everybody is struck. */
export interface Band extends Common {
  readonly kind: 'band';
}

/** A process that comes back. */
export interface Start extends Common {
  readonly kind: 'start';
  readonly place: Place;
}

/** Where an arrow that was late arrives. */
export interface Landing extends Common {
  readonly kind: 'landing';
  readonly of: Arrow;
}

export type Row = Arrow | Mark | Band | Start | Landing;

/** What is left out between two rows. */
export interface Fold {
  readonly kind: 'fold';
  readonly at: number;
  readonly until: number;
  readonly words: string;
}

/** What does not hold, at the end of the run. */
export interface Broken {
  readonly kind: 'broken';
  readonly at: number;
  readonly words: string;
}

export type Item = Row | Fold | Broken;
