/**
 * Handlers: what the decorators and `static handlers` let through, and what does not compile.
 */
import { Agent, down, type Down, every, onBroadcast, onDown, onMessage, onStart, onTask } from 'agent-runtime';
import { type Broadcast, broadcast, type Handlers, type Message, message, start, type Task, task } from 'agent-runtime';
import { z } from 'zod';
import { AuditInput, AuditReport, changed, poke, summarise, whoEdits } from './contracts.ts';

const Other = z.object({ url: z.string() });
const Data = z.object({ file: z.string() });

export class GoodAgent extends Agent {
  @onTask('audit', AuditInput, AuditReport, { retries: 3, timeout: '2m', lock: (t) => `repo:${t.input.path}` })
  async audit(task: Task<typeof AuditInput>) {
    const depth: number = task.input.depth;
    await task.progress(1, 3, 'reading');
    await this.broadcast('audit.started', { path: task.input.path });
    return { score: depth };
  }
  @onTask('strict', AuditInput, AuditReport)
  strict(task: Task<typeof AuditInput, typeof AuditReport>) {
    return { score: task.attempt };
  }
  @onTask('bare')
  bare(task: Task): string {
    // @ts-expect-error: without a schema the input is unknown
    return task.input.path;
  }
  @onTask(summarise)
  async anyName(task: Task<typeof summarise>) {
    const name: 'summarise.v2' = task.name;
    return { summary: `${name} ${task.input.words.toFixed()}`, at: 'noon' };
  }
  @onTask('hard', AuditInput, AuditReport, { thread: { memory: '512mb' }, grace: '2s' })
  hard(task: Task<typeof AuditInput>) {
    return { score: task.input.depth };
  }
  @onMessage('status')
  override status(_message: Message) {
    return { busy: this.busy };
  }
  @onMessage('rename', Data, z.boolean())
  rename(message: Message<typeof Data>) {
    return message.data.file !== '';
  }
  @onMessage(whoEdits)
  editor(message: Message<typeof whoEdits>) {
    return { agent: message.data.file };
  }
  @onMessage(poke)
  poked(message: Message<typeof poke>): void {
    this.setStatus(message.data.times.toFixed());
  }
  @onBroadcast('docs.*')
  onDocs(event: Broadcast) {
    this.log.info('docs changed', event.data);
  }
  @onBroadcast('docs.*', { durable: true })
  onAny(event: Broadcast): void {
    const again: boolean | undefined = event.redelivered;
    void again;
  }
  @onBroadcast('docs.*', changed.data, { durable: true })
  onAnyFile(event: Broadcast<typeof changed.data>): void {
    void event.data.file;
  }
  @onBroadcast(changed, { durable: true })
  onChangedDurably(event: Broadcast<typeof changed>): void {
    void event.redelivered;
  }
  @onBroadcast(changed)
  onChanged(event: Broadcast<typeof changed>): void {
    this.log.info(event.data.file);
  }
  @onStart()
  async open() {
    await this.watch('docs');
    await this.unwatch('docs');
  }
  @onDown()
  lost(down: Down): void {
    const node: string | undefined = down.node;
    this.log.warn(`${down.id} on ${node}: ${down.reason}`);
  }
  @onDown()
  async lostAny() {}
  @every('30s')
  tick(): void {}
}

export class WrongAgent extends Agent {
  // @ts-expect-error: what is told is no text
  @onDown()
  lost(_id: string): void {}
  // @ts-expect-error: the method is not called like the task
  @onTask('audit', AuditInput, AuditReport)
  audits(_task: Task<typeof AuditInput>) {
    return { score: 1 };
  }
  // @ts-expect-error: another schema in the parameter
  @onTask('other', AuditInput, AuditReport)
  other(_task: Task<typeof Other>) {
    return { score: 1 };
  }
  // @ts-expect-error: a schema whose input form differs, though its output form is the same
  @onTask('narrow', AuditInput)
  narrow(_task: Task<z.ZodObject<{ path: z.ZodString; depth: z.ZodNumber }>>): void {}
  // @ts-expect-error: the parameter forgets the schema
  @onTask('forgets', AuditInput)
  forgets(_task: Task): void {}
  // @ts-expect-error: the result does not fit its schema
  @onTask('result', AuditInput, AuditReport)
  async result(_task: Task<typeof AuditInput>) {
    return { score: 'high' };
  }
  // @ts-expect-error: the result is missing
  @onTask('empty', AuditInput, AuditReport)
  empty(_task: Task<typeof AuditInput>): void {}
  // @ts-expect-error: no amount of memory
  @onTask('memory', AuditInput, AuditReport, { thread: { memory: '512' } })
  memory(_task: Task<typeof AuditInput>) {
    return { score: 1 };
  }
  // @ts-expect-error: no task but a schema's value
  @onTask('value', AuditInput)
  value(_input: z.infer<typeof AuditInput>): void {}
  // @ts-expect-error: a contract's handler gets the contract's task
  @onTask(summarise)
  contract(_task: Task<typeof AuditInput>) {
    return { summary: '', at: '' };
  }
  // @ts-expect-error: the wire carries the input form of the output schema
  @onTask(summarise)
  late(_task: Task<typeof summarise>) {
    return { summary: '', at: 4 };
  }
  // @ts-expect-error: handlers are called on the agent, not on the class
  @onTask('fixed')
  static fixed(_task: Task): void {}
  // @ts-expect-error: handlers are called from outside the class
  @onStart()
  #hidden(): void {}
  // @ts-expect-error: not a duration
  @every('soon')
  tick(): void {
    this.#hidden();
  }
  // @ts-expect-error: another message's data
  @onMessage(whoEdits)
  editor(_message: Message<typeof poke>) {
    return { agent: '' };
  }
  // @ts-expect-error: the reply does not fit its schema
  @onMessage('rename', Data, z.boolean())
  rename(_message: Message<typeof Data>) {
    return 'yes';
  }
  // @ts-expect-error: a message handler takes no task
  @onMessage('status')
  override status(_task: Task): void {}
  // @ts-expect-error: a subscription is durable or not
  @onBroadcast('docs.*', { durable: 'yes' })
  onMaybe(_event: Broadcast): void {}
  // @ts-expect-error: there is no such option
  @onBroadcast(changed, { durabel: true })
  onTypo(_event: Broadcast<typeof changed>): void {}
  // @ts-expect-error: another broadcast's data, durable or not
  @onBroadcast('docs.other', Other, { durable: true })
  onOther(_event: Broadcast<typeof changed>): void {}
  // @ts-expect-error: another broadcast's data
  @onBroadcast(changed)
  onChanged(_event: Broadcast<typeof Other>): void {}
  // @ts-expect-error: the lock's name is made from the input that the schema describes
  @onTask('locked', AuditInput, undefined, { lock: (t) => t.input.url })
  locked(_task: Task<typeof AuditInput>): void {}
  // @ts-expect-error: an option that does not exist
  @onTask('options', AuditInput, undefined, { retry: 3 })
  options(_task: Task<typeof AuditInput>): void {}
}

export class TalkativeAgent extends Agent {
  @onTask('read')
  read(_task: Task): void {
    this.status('reading the repository');
    this.status();
    // @ts-expect-error: a status is text
    this.status(1);
    // @ts-expect-error: a status is text
    this.status({ busy: true });
  }
}

export class StatusAgent extends Agent {
  @onMessage('status')
  override status(message: Message<typeof Data>) {
    // @ts-expect-error: here it is a handler, which takes a message
    this.status(message.data.file);
    this.setStatus(message.data.file);
    return { busy: this.busy };
  }
}

export class StatusTaskAgent extends Agent {
  @onTask('status', Data)
  override async status(_task: Task<typeof Data>): Promise<void> {}
}

export class VerbAgent extends Agent {
  // @ts-expect-error: every agent has the verb `watch`
  watch(_down: Down): void {}
  // @ts-expect-error: every agent has the verb `run`
  run(_task: Task<typeof summarise>): void {}
}

export class ListedAgent extends Agent {
  static readonly handlers = {
    audit: task(AuditInput, AuditReport, { lock: (t) => t.input.path }),
    sum: task(summarise),
    status: message(),
    editor: message(whoEdits),
    onDocs: broadcast('docs.*', { durable: true }),
    open: start(),
    lost: down(),
  } satisfies Handlers<ListedAgent>;

  audit(task: Task<typeof AuditInput>) {
    return { score: task.input.depth };
  }
  sum(task: Task<typeof summarise>) {
    return { summary: task.input.text, at: '' };
  }
  override status(_message: Message) {
    return { busy: this.busy };
  }
  editor(_message: Message<typeof whoEdits>) {
    return { agent: this.id };
  }
  onDocs(_event: Broadcast): void {}
  open(): void {}
  lost(_down: Down): void {}
}

export class WrongListAgent extends Agent {
  static readonly handlers = {
    // @ts-expect-error: another schema in the parameter
    audit: task(Other, AuditReport),
    // @ts-expect-error: the result does not fit its schema
    result: task(AuditInput, AuditReport),
    // @ts-expect-error: what is told is no text
    lost: down(),
  } satisfies Handlers<WrongListAgent>;

  audit(task: Task<typeof AuditInput>) {
    return { score: task.input.depth };
  }
  result(task: Task<typeof AuditInput>) {
    return task.input.path;
  }
  lost(_id: string): void {}
}

export class MissingMethodAgent extends Agent {
  static readonly handlers = {
    open: start(),
    // @ts-expect-error: there is no such method
    missing: start(),
  } satisfies Handlers<MissingMethodAgent>;

  open(): void {}
}
