import { signal } from '@preact/signals';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FetchError } from '../../core/errors.ts';
import type { PeerId, RoomId } from '../../core/ids.ts';
import { initialState } from '../../core/session/reduce.ts';
import type { ModelCard, SessionState } from '../../core/session/state.ts';
import { fromFloat32 } from '../../core/tensor/tensor.ts';
import type { BrowserSession } from '../session/browser-session.ts';
import type { Place } from '../session/place.ts';
import type { News } from './channel.ts';
import { Visit } from './visit.ts';

const ME = 'a'.repeat(16) as PeerId;
const ADDRESS = 'https://potluck.example/r/maple-otter-42#secret';
const PLACE: Place = {
  link: { room: 'maple-otter-42' as RoomId, secret: 'secret' },
  address: ADDRESS,
  identity: { peer: ME, key: 'k', leads: true },
  isNew: true,
};
const INPUT = { name: 'x', dtype: 'float32', dims: [1] } as const;
const CARD = { name: 'Toy', inputs: [INPUT], outputs: [], task: { kind: 'tensors' } } as unknown as ModelCard;
const context = { signal: new AbortController().signal, piece: () => undefined };
const ENTER = { type: 'enter', link: null, name: null, model: null } as const;

/** A session of which the test moves the state. */
function sessionOf(state: SessionState) {
  const session = {
    state: signal<SessionState>(state),
    askTensors: vi.fn(async () => ({
      request: 1,
      latencyMs: 3,
      top: [],
      outputs: [{ name: 'y', tensor: fromFloat32([1], new Float32Array([2])) }],
    })),
    openBundled: vi.fn(async () => undefined),
    setMode: vi.fn(),
    leave: vi.fn(),
  };
  return session;
}

const base = initialState(ME);
const inside: SessionState = { ...base, phase: { kind: 'open' }, server: 'open', leader: ME, link: ADDRESS };
const visitTo = (
  session: ReturnType<typeof sessionOf>,
  tell: (news: News) => void = () => undefined,
): Visit =>
  new Visit(tell, {
    place: async () => PLACE,
    enter: async () => session as unknown as BrowserSession,
  });

describe('a visit to a room from another site', () => {
  beforeEach(() => {
    vi.stubGlobal('isSecureContext', true);
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it('begins with the room, whose link it is told once the server knows it', async () => {
    const session = sessionOf(base);
    const visit = visitTo(session);
    await expect(visit.answer({ type: 'qr' }, context)).rejects.toMatchObject({ name: 'InputError' });
    let told: unknown;
    const entering = visit.answer(ENTER, context).then(({ value }) => {
      told = value;
    });
    await vi.waitFor(() => expect(session.state.value).toBe(base));
    session.state.value = { ...inside, server: 'connecting' };
    await Promise.resolve();
    expect(told).toBeUndefined();
    session.state.value = inside;
    await entering;
    expect(told).toBe(ADDRESS);
    await expect(visit.answer(ENTER, context)).rejects.toThrow('already');
  });

  it('is over when the room refuses, with its reason', async () => {
    const session = sessionOf({ ...base, phase: { kind: 'ended', reason: 'denied', message: 'Not you.' } });
    await expect(visitTo(session).answer(ENTER, context)).rejects.toMatchObject({
      ...{ name: 'RoomEndedError', message: 'Not you.', data: { reason: 'denied' } },
    });
  });

  it('waits 30 s for a server that is silent, and as long as it takes for a leader who is asked', async () => {
    vi.useFakeTimers();
    const late = expect(visitTo(sessionOf(base)).answer(ENTER, context)).rejects.toMatchObject({
      name: 'FetchError',
    });
    const session = sessionOf({ ...base, phase: { kind: 'knocking' }, server: 'open' });
    const knocking = visitTo(session).answer(ENTER, context);
    await vi.advanceTimersByTimeAsync(31_000);
    await late;
    await vi.advanceTimersByTimeAsync(300_000);
    session.state.value = inside;
    expect((await knocking).value).toBe(ADDRESS);
  });

  it('runs once the model is there, with every input, and hands out copies', async () => {
    const session = sessionOf(inside);
    const visit = visitTo(session);
    await visit.answer(ENTER, context);
    const data = new Uint8Array(4);
    const run = visit.answer({ type: 'run', feeds: { x: { ...INPUT, data } } }, context);
    session.state.value = { ...inside, model: { kind: 'ready', card: CARD } };
    const { value, transfer } = await run;
    expect(value).toMatchObject({ outputs: [{ name: 'y', dtype: 'float32', dims: [1] }], latencyMs: 3 });
    expect(transfer).toHaveLength(1);
    await expect(visit.answer({ type: 'run', feeds: {} }, context)).rejects.toThrow(
      'No value for the input "x"',
    );
    await expect(
      visit.answer({ type: 'run', feeds: { x: { dtype: 'float32', dims: [9], data } } }, context),
    ).rejects.toThrow('36 bytes');
    expect(session.askTensors).toHaveBeenCalledTimes(1);
  });

  it('tells what is new before it answers', async () => {
    const told: News[] = [];
    const session = sessionOf(inside);
    const visit = visitTo(session, (news) => told.push(news));
    await visit.answer(ENTER, context);
    const preparing = { step: 'Weighing it', fraction: null };
    session.state.value = { ...inside, preparing };
    await visit.answer({ type: 'mode', mode: 'most' }, context);
    expect(told.at(-1)?.state?.preparing).toEqual(preparing);
  });

  it('tells what went wrong with the model to whoever asks it something', async () => {
    const model = { kind: 'failed', name: 'Toy', step: 'read it', message: 'It is no ONNX.' } as const;
    const visit = visitTo(sessionOf({ ...inside, model }));
    await visit.answer(ENTER, context);
    await expect(visit.answer({ type: 'run', feeds: {} }, context)).rejects.toThrow('It is no ONNX.');
    await expect(visit.answer({ type: 'ready' }, context)).rejects.toThrow('It is no ONNX.');
  });

  it('tells that a model does not run here, also where the room goes on with the one before', async () => {
    const session = sessionOf(inside);
    const visit = visitTo(session);
    await visit.answer(ENTER, context);
    session.openBundled.mockImplementationOnce(async () => {
      const failed = {
        kind: 'failed',
        name: 'Bard',
        step: 'measure the model',
        message: 'No memory.',
      } as const;
      session.state.value = { ...inside, model: failed };
      session.state.value = { ...inside, model: { kind: 'ready', card: CARD } };
    });
    const opening = visit.answer({ type: 'open', model: { kind: 'bundled', id: 'bard' } }, context);
    await expect(opening).rejects.toThrow('Bard: could not measure the model. No memory.');
  });

  it('never answers with another model than the one that the site began with, until it opens one', async () => {
    const session = sessionOf({ ...inside, model: { kind: 'ready', card: CARD } });
    session.openBundled.mockRejectedValueOnce(new FetchError('It is not there.', { step: 'fetch it' }));
    const visit = visitTo(session);
    await visit.answer({ ...ENTER, model: { kind: 'bundled', id: 'bard' } }, context);
    const feeds = { x: { ...INPUT, data: new Uint8Array(4) } };
    await expect(visit.answer({ type: 'run', feeds }, context)).rejects.toThrow('It is not there.');
    await expect(visit.answer({ type: 'ready' }, context)).rejects.toThrow('It is not there.');
    void visit.answer({ type: 'open', model: { kind: 'bundled', id: 'toy' } }, context);
    await expect(visit.answer({ type: 'run', feeds }, context)).resolves.toBeDefined();
  });

  it('waits for a plan that runs, and hears when the model turns out not to', async () => {
    const session = sessionOf({ ...inside, model: { kind: 'ready', card: CARD } });
    const visit = visitTo(session);
    await visit.answer(ENTER, context);
    const ready = visit.answer({ type: 'ready' }, context);
    const failed = { kind: 'failed', name: 'Toy', step: 'measure the model', message: 'Refused.' } as const;
    session.state.value = { ...inside, model: failed };
    await expect(ready).rejects.toThrow('Refused.');
  });

  it('lets only the leader say what plans aim at', async () => {
    const session = sessionOf(inside);
    const visit = visitTo(session);
    await visit.answer(ENTER, context);
    await visit.answer({ type: 'mode', mode: 'most' }, context);
    expect(session.setMode).toHaveBeenCalledWith('most');
    session.state.value = { ...inside, leader: 'b'.repeat(16) as PeerId };
    await expect(visit.answer({ type: 'mode', mode: 'most' }, context)).rejects.toThrow('Only the leader');
  });
});
