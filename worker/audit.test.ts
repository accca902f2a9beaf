import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-web/wasm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PeerId } from '../core/ids.ts';
import { decoderIo } from '../core/language/decoder-io.ts';
import { GREEDY } from '../core/language/sampling.ts';
import { systemClock } from '../core/mesh/clock.ts';
import { Conversation } from '../core/runtime/conversation.ts';
import type { OpenModel } from '../core/runtime/open-model.ts';
import { holdsLayers } from '../core/session/holders.ts';
import { NO_RULES } from '../core/session/reduce.ts';
import { asFloat32, fromFloat32, type Tensor } from '../core/tensor/tensor.ts';
import { INT8, type Lie, oneBit, STALE } from './lying-executor.ts';
import {
  LAPTOP,
  modelOf,
  type Page,
  PHONE,
  RoomUnderTest,
  running,
  TABLET,
  until,
} from './room-under-test.ts';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'fatal';

const file = new Uint8Array(readFileSync(new URL('../public/models/digits.onnx', import.meta.url)));
const opened = await modelOf('Digits', file);

function image(seed: number): Tensor {
  const values = Float32Array.from({ length: 784 }, (_, i) => ((i * 31 + seed * 97) % 256) / 255);
  return fromFloat32([1, 1, 28, 28], values);
}

const digits: OpenModel = { ...opened, sample: () => [image(0)] };
/** Everything is checked, so that a test need not wait. */
const ALWAYS = { ...NO_RULES, auditRate: 1 };

let room: RoomUnderTest;
beforeEach(() => {
  room = new RoomUnderTest(ort);
  let next = 1;
  room.random32 = () => (next++ * 2654435761) >>> 0;
});
afterEach(() => room.close());

async function open(
  lies: Partial<Record<PeerId, Lie>>,
  peers: readonly PeerId[],
  model: OpenModel = digits,
): Promise<readonly Page[]> {
  const pages = peers.map((peer) => {
    const lie = lies[peer];
    return room.join(peer, lie ? { lie } : {});
  });
  const [leader] = pages;
  leader?.leader?.setRules(ALWAYS);
  await leader?.leader?.open(model);
  for (const page of pages) await running(page, peers.length);
  return pages;
}

async function answer(page: Page | undefined, seed: number): Promise<number[]> {
  const { tensors } = (await page?.member.asker.ask([image(seed)])) ?? { tensors: [] };
  return tensors[0] ? [...asFloat32(tensors[0])] : [];
}

/** Asks until somebody is set aside. */
async function setAside(page: Page | undefined): Promise<ReturnType<Page['state']>['setAside'][number]> {
  let seed = 0;
  return until('a device set aside', async () => {
    await answer(page, seed++);
    return page?.state().setAside[0];
  });
}

const LIES: readonly [string, Lie][] = [
  ['flips the highest bit of the exponent', oneBit(30)],
  ['flips a bit high in the fraction', oneBit(21)],
  ['flips the last bit of the fraction', oneBit(0)],
  ['computes with the weights of another version', STALE],
  ['computes with weights in 8 bits', INT8],
];

describe('audits', () => {
  it.each(LIES)('find a device that %s, and the room goes on without it', async (_, lie) => {
    const pages = await open({ [PHONE]: lie }, [LAPTOP, PHONE, TABLET]);
    const [laptop, , tablet] = pages;
    const found = await setAside(laptop);
    expect(found.peer).toBe(PHONE);
    expect(found.evidence.recomputedBy.length).toBeGreaterThan(0);
    await running(tablet as Page, 2);
    expect(holdsLayers(tablet?.state().plan ?? null, PHONE)).toBe(false);
    expect(tablet?.state().setAside).toEqual(laptop?.state().setAside);
    expect(
      laptop
        ?.state()
        .notices.map(({ message }) => message)
        .join(),
    ).toMatch(/gave wrong results/);
  });

  it('find it in a room of two by what the leader computes for itself', async () => {
    const [laptop] = await open({ [PHONE]: STALE }, [LAPTOP, PHONE]);
    const found = await setAside(laptop);
    expect(found.peer).toBe(PHONE);
    expect(found.evidence.recomputedBy).toEqual(['a']);
  });

  it('find a leader that computes wrongly', async () => {
    const [laptop] = await open({ [LAPTOP]: STALE }, [LAPTOP, PHONE, TABLET]);
    expect((await setAside(laptop)).peer).toBe(LAPTOP);
  });

  it('find nobody among honest devices', async () => {
    const [laptop, phone] = await open({}, [LAPTOP, PHONE, TABLET]);
    let seed = 0;
    await until('runs that were checked', async () => {
      await answer(seed++ % 2 ? laptop : phone, seed);
      return (laptop?.state().audits?.checked ?? 0) > 10;
    });
    expect(laptop?.state().setAside).toEqual([]);
    expect(laptop?.state().audits).toMatchObject({ undecided: 0 });
  });

  it('whoever asked hears how many answers were wrong, and has them computed again', async () => {
    const [laptop, , tablet] = await open({ [PHONE]: oneBit(30) }, [LAPTOP, PHONE, TABLET]);
    let seed = 0;
    await until('a device set aside', async () => {
      await answer(tablet, seed++);
      return laptop?.state().setAside.length;
    });
    const told = await until('the answers computed again', () =>
      tablet?.state().notices.find(({ message }) => message.includes('had been wrong')),
    );
    expect(told.message).toMatch(/^Of \d+ answers? that b had a part in .* [1-9]\d* had been wrong\.$/);
  });

  it('what they found outlasts a reload of the device, and a change of leader, until it is let in again', async () => {
    const [laptop, phone, tablet] = await open({ [PHONE]: STALE }, [LAPTOP, PHONE, TABLET]);
    await setAside(laptop);
    await running(tablet as Page, 2);
    phone?.member.close('reload');
    await until('it is gone', () => !laptop?.member.cards.has(PHONE));
    const back = room.join(PHONE);
    await until('it is back', () => back.state().plan?.status === 'running');
    expect(holdsLayers(back.state().plan, PHONE)).toBe(false);
    await until('heirs', () => tablet?.member.card.heir !== undefined);
    laptop?.member.handOver(TABLET);
    await until('the tablet leads', () => tablet?.leader && laptop?.state().leader === TABLET);
    await running(laptop as Page, 2);
    expect(holdsLayers(laptop?.state().plan ?? null, PHONE)).toBe(false);
    expect(laptop?.state().setAside.map(({ peer }) => peer)).toEqual([PHONE]);
    tablet?.leader?.letIn(PHONE);
    await running(back, 3);
    expect(laptop?.state().setAside).toEqual([]);
  });
});

describe('audits of a model that writes', () => {
  const here = (path: string): Buffer => readFileSync(new URL(`../${path}`, import.meta.url));
  const [{ prompt_ids }] = JSON.parse(here('models/bard/expected_greedy.json').toString());

  /** Writes short texts, each from the same prompt, until `enough`. */
  async function write(lies: Partial<Record<PeerId, Lie>>, enough: (leader: Page) => boolean): Promise<Page> {
    const bard = await modelOf('bard', new Uint8Array(here('public/models/bard/model.onnx')));
    const io = decoderIo(bard.card);
    const [leader, asking] = await open(lies, [LAPTOP, PHONE, TABLET], bard);
    if (!io || !leader || !asking) throw new Error('bard is a decoder, in a room of three');
    const { asker } = asking.member;
    await until(
      'enough of it',
      async () => {
        const options = {
          asker,
          clock: systemClock,
          io,
          contextTokens: 256,
          invariant: true,
          texts: new Set<Conversation>(),
        };
        const text = new Conversation(options);
        const choice = { sampling: GREEDY, maxNewTokens: 2, stopTokens: new Set<number>() };
        const written = text.write(prompt_ids, choice);
        // A plan that changes in the middle ends the text.
        while (!(await written.next().catch(() => ({ done: true }))).done);
        text.end();
        return enough(leader);
      },
      50,
    );
    return leader;
  }

  it.each([PHONE, TABLET])(
    'find a wrong device by how it reads a prompt: %s',
    async (peer) => {
      const lie = oneBit(30, (length) => length - 1);
      const leader = await write({ [peer]: lie }, (page) => page.state().setAside.length > 0);
      expect(leader.state().setAside.map((each) => each.peer)).toEqual([peer]);
    },
    60_000,
  );

  it('find nobody among honest devices', async () => {
    const leader = await write({}, (page) => (page.state().audits?.checked ?? 0) > 12);
    expect(leader.state().setAside).toEqual([]);
    expect(leader.state().audits).toMatchObject({ undecided: 0 });
  }, 60_000);
});
