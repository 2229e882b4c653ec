/**
 * The cell: the runtime's holder of one live agent. It owns the instance, the mailbox in front of it and how many handlers
 * run at once; it never decides to restart anything.
 *
 * X1  At most `concurrency` handlers run at once; work starts in the order in which the mailbox took it.
 * X2  A closed cell takes nothing in and starts nothing. What was waiting is handed back, what runs is awaited.
 * X3  `life` aborts, and with it `signal`, when the agent has to end: at the end of a drain's grace, or at once when its ownership is lost.
 * X4  What is stored elsewhere is never dropped from the mailbox. Live mail that finds it full is refused, or with `drop-oldest` takes
 *     the place of the oldest live mail that waits there; either is counted.
 * X5  A handler that was given up (handler-call.ts, R2) takes no place any more, but counts as a zombie until it ends. When there are as
 *     many as handlers may run at once, and at least 4, `onHaunted` is called: the supervisor restarts the cell, and the new instance
 *     begins without them.
 */
import { attachContext } from '../agent/agent.ts';
import type { AgentContext } from '../agent/context.ts';
import { InvariantError } from '../core/errors.ts';
import { LazyAbort } from '../core/lazy-abort.ts';
import { isThenable } from '../core/thenable.ts';
import type { CellHooks, CellSpec, CellState, RestartReason } from './cell-spec.ts';
import { Mailbox } from './mailbox.ts';
import { Pace } from './pace.ts';
import { isLive, type Work } from './work.ts';

/** X5 */
const leastHaunted = 4;
const restartsKept = 5;
const noReasons: readonly RestartReason[] = [];

export class Cell {
  readonly spec: CellSpec;
  readonly #hooks: CellHooks;
  /** What follows is there once it is needed: most agents are idle, and there may be very many. */
  #mailbox: Mailbox<Work> | undefined;
  #running: Set<Work> | undefined;
  /** Those who wait until no handler runs. */
  #idlers: (() => void)[] | undefined;
  #trailing = 0;
  /** Of the tasks that have ended. */
  #pace: Pace | undefined;
  #zombies: Set<Promise<void>> | undefined;
  #agent: object | undefined;
  #context: AgentContext | undefined;
  #life = new LazyAbort();
  #open = false;
  /** Work that has ended at once makes room for the next in the loop that runs. */
  #isPumping = false;
  state: CellState = 'down';
  /** Of the activation under which the agent runs. */
  epoch = 0;
  restarts = 0;
  /** The last ones, the latest last. */
  restartReasons: readonly RestartReason[] = noReasons;
  /** X4: live mail that was refused or dropped. */
  dropped = 0;
  statusText: string | undefined;

  constructor(spec: CellSpec, hooks: CellHooks) {
    this.spec = spec;
    this.#hooks = hooks;
  }

  get id(): string {
    return this.spec.id;
  }

  /** X3: of this incarnation. */
  get life(): LazyAbort {
    return this.#life;
  }

  get signal(): AbortSignal {
    return this.#life.signal;
  }

  /** What its agent may do. */
  get context(): AgentContext {
    if (this.#context === undefined) throw new InvariantError(`cell ${this.id} was used before it started`);
    return this.#context;
  }

  get running(): number {
    return this.#running?.size ?? 0;
  }

  get waiting(): number {
    return this.#mailbox?.size ?? 0;
  }

  /** True while a task runs. */
  get busy(): boolean {
    return [...(this.#running ?? [])].some((work) => work.kind === 'task');
  }

  /** X5 */
  get zombies(): number {
    return this.#zombies?.size ?? 0;
  }

  /** Handlers that could start at once. */
  get free(): number {
    return this.#open ? Math.max(0, this.slack) : 0;
  }

  /** Handlers that have nothing to do; below 0 where more waits than they can take. */
  get slack(): number {
    return this.spec.concurrency - this.running - this.waiting;
  }

  /** Tasks to claim: for the handlers that are free and, once half of it is used up, for the supply behind them. */
  get wanted(): number {
    const ahead = Math.min(this.#pace?.ahead(this.spec.concurrency) ?? 0, this.spec.mailboxLimit >> 1);
    return this.#open && this.waiting <= ahead >> 1 ? Math.max(0, this.slack + ahead) : this.free;
  }

  /** A task has ended, `tookMs` after it had its turn. */
  noteTask(tookMs: number): void {
    (this.#pace ??= new Pace()).note(tookMs);
  }

  /** Takes back the tasks that have waited since then or longer. What is known of the pace does not hold any more. */
  takeBack(since: number): (Work & { readonly kind: 'task' })[] {
    const waited = (work: Work): work is Work & { readonly kind: 'task' } =>
      work.kind === 'task' && work.since <= since;
    const taken = this.#mailbox?.takeAll(waited) ?? [];
    if (taken.length > 0) this.#pace?.forget();
    return taken;
  }

  /** Work the mailbox can still take. */
  get room(): number {
    return this.#open ? this.spec.mailboxLimit - this.waiting : 0;
  }

  /** Makes the instance and runs its `onStart` methods. Rejects with what they throw. */
  async start(): Promise<void> {
    this.#life = new LazyAbort();
    this.#zombies = undefined;
    await this.#hooks.within(this, () => this.#begin());
  }

  async #begin(): Promise<void> {
    this.#agent = new this.spec.Class();
    this.#context = this.#hooks.contextFor(this);
    attachContext(this.#agent, this.#context);
    for (const method of this.spec.table.start) await this.call(method);
  }

  /** Runs an `onStop` method. */
  stop(method: string): Promise<unknown> {
    return this.#hooks.within(this, async () => this.call(method));
  }

  fail(error: unknown): void {
    this.#hooks.onFailure(this, error);
  }

  finish(): void {
    this.#hooks.onFinished(this);
  }

  noteRestart(note: RestartReason): void {
    this.restarts++;
    this.restartReasons = [...this.restartReasons, note].slice(-restartsKept);
  }

  /** Begins to take work in. */
  open(): void {
    this.#open = true;
    this.#hooks.onRoom(this);
  }

  /** Takes work in, or returns false: the mailbox is full or the cell is closed. */
  accept(work: Work): boolean {
    if (!this.#open) return false;
    const mailbox = (this.#mailbox ??= new Mailbox(this.spec.mailboxLimit));
    if (!mailbox.offer(work) && !this.#pushIn(work, mailbox)) return false;
    this.#pump();
    return true;
  }

  /** X4 */
  #pushIn(work: Work, mailbox: Mailbox<Work>): boolean {
    if (!isLive(work)) return false;
    this.dropped++;
    const oldest = this.spec.overflow === 'drop-oldest' ? mailbox.evict(isLive) : undefined;
    if (oldest === undefined || !isLive(oldest)) return false;
    this.#hooks.onPushedOut(this, oldest);
    return mailbox.offer(work);
  }

  /** Something that goes on when its handler has ended, and that the end of the cell waits for. It never rejects. */
  trail(rest: Promise<void>): void {
    this.beginTrail();
    void rest.then(() => this.endTrail());
  }

  /** The same for what has no promise. */
  beginTrail(): void {
    this.#trailing++;
  }

  endTrail(): void {
    this.#trailing--;
    this.#wake();
  }

  /** X5: `rest` resolves when the handler has ended all the same. */
  giveUp(name: string, rest: Promise<void>): void {
    const zombies = (this.#zombies ??= new Set());
    zombies.add(rest);
    void rest.then(() => zombies.delete(rest));
    this.#hooks.onGivenUp(this, name);
    if (zombies.size === Math.max(leastHaunted, this.spec.concurrency)) this.#hooks.onHaunted(this);
  }

  get trailing(): number {
    return this.#trailing;
  }

  /** X2: returns what was waiting. */
  close(): readonly Work[] {
    this.#open = false;
    return this.#mailbox?.drain() ?? [];
  }

  /** Resolves when no handler runs any more, and nothing trails behind one. */
  async idle(): Promise<void> {
    while (!this.#isIdle) await new Promise<void>((resolve) => (this.#idlers ??= []).push(resolve));
  }

  get #isIdle(): boolean {
    return this.running === 0 && this.#trailing === 0;
  }

  #wake(): void {
    if (this.#idlers !== undefined && this.#isIdle) for (const wake of this.#idlers.splice(0)) wake();
  }

  /** X3 */
  abort(reason: Error): void {
    this.#life.abort(reason);
  }

  /** Calls a method of the agent: what it returns, or a promise of it. Throws or rejects with what it throws. */
  call(method: string, ...args: unknown[]): unknown {
    const agent = this.#agent;
    if (agent === undefined) throw new InvariantError(`cell ${this.id} was called before it started`);
    const handler: unknown = Reflect.get(agent, method);
    if (typeof handler !== 'function') throw new InvariantError(`agent ${this.id} has no method ${method}`);
    const returned: unknown = Reflect.apply(handler, agent, args);
    return isThenable(returned) ? Promise.resolve(returned) : returned;
  }

  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      this.#startAll();
    } finally {
      this.#isPumping = false;
    }
  }

  #startAll(): void {
    while (this.#open && this.running < this.spec.concurrency) {
      const work = this.#mailbox?.take();
      if (work === undefined) break;
      (this.#running ??= new Set()).add(work);
      const running = this.#hooks.execute(this, work);
      if (running === undefined) this.#onEnded(work);
      else void running.then(() => this.#onEnded(work));
    }
  }

  #onEnded(work: Work): void {
    this.#running?.delete(work);
    this.#hooks.onEnded(work);
    this.#pump();
    this.#hooks.onRoom(this);
    this.#wake();
  }
}
