import { Agent, type Message, onMessage } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { attachContext, isAgentClass } from '../../../src/agent/agent.ts';
import type { AgentContext } from '../../../src/agent/context.ts';
import { pool, single } from '../../../src/agent/hosting.ts';
import { DefinitionError } from '../../../src/core/errors.ts';

class AuditAgent extends Agent {
  note(): void {
    this.status('reading');
  }
}

class AnsweringAgent extends Agent {
  @onMessage('status')
  override status(_message: Message) {
    this.setStatus('answering');
    return { busy: this.busy };
  }
}

class Context {
  readonly id = 'audit@n1.1';
  readonly busy = true;
  said: string | undefined;
  setStatus(text?: string): void {
    this.said = text;
  }
  broadcast(topic: string): Promise<string> {
    return Promise.resolve(`${topic} by ${this.id}`);
  }
}

describe('an agent', () => {
  test('delegates to the context that was attached', async () => {
    const context = new Context();
    const agent = new AuditAgent();
    attachContext(agent, context as unknown as AgentContext);
    agent.note();
    expect(context.said).toBe('reading');
    expect([agent.id, agent.busy]).toEqual(['audit@n1.1', true]);
    const { broadcast } = agent;
    expect(await broadcast('docs.changed')).toBe('docs.changed by audit@n1.1');
  });

  test('says what it is about by status, and by setStatus where status is a handler of its own', () => {
    const [plain, answering] = [new AuditAgent(), new AnsweringAgent()];
    const contexts = [plain, answering].map((agent) => {
      const context = new Context();
      attachContext(agent, context as unknown as AgentContext);
      return context;
    });
    plain.status('reading');
    expect(answering.status({} as Message)).toEqual({ busy: true });
    expect(contexts.map(({ said }) => said)).toEqual(['reading', 'answering']);
    plain.status();
    expect(contexts[0]?.said).toBeUndefined();
  });

  test('that uses a verb in its constructor is told where to put it', () => {
    class EagerAgent extends Agent {
      readonly at = this.clock.now();
    }
    expect(() => new EagerAgent()).toThrow(DefinitionError);
    expect(() => new EagerAgent()).toThrow(/this\.clock of EagerAgent.*@onStart/s);
  });

  test('is known by its brand', () => {
    expect([AuditAgent, Date, undefined, {}].map(isAgentClass)).toEqual([true, false, false, false]);
    expect(() => attachContext({}, new Context() as never)).toThrow(DefinitionError);
  });
});

describe('hosting', () => {
  test('is a plain record with the role of the class', () => {
    expect(pool(AuditAgent, { size: 3 })).toEqual({ kind: 'pool', agent: AuditAgent, role: 'audit', size: 3 });
    expect(single(AuditAgent)).toEqual({ kind: 'single', agent: AuditAgent, role: 'audit' });
  });
});
