import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-web/wasm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lazyOrigin } from '../app/session/origin/lazy-origin.ts';
import { decide, tell } from '../core/plan/planner.ts';
import { drawRoomLink, type RoomLink } from '../core/room-link.ts';
import { parseSelfTest, selfTestInput } from '../core/runtime/self-test.ts';
import type { Tensor } from '../core/tensor/tensor.ts';
import { subtleDigest } from '../core/weights/digest.ts';
import { MemoryPieceStore } from '../core/weights/memory-piece-store.ts';
import { Shelf } from '../core/weights/shelf.ts';
import { type RunningServer, startServer } from '../signaling-server/server.ts';
import { until as waitUntil } from '../worker/room-under-test.ts';
import { StageWorker } from '../worker/stage-worker.ts';
import { enter, type Visit } from './enter.ts';
import { modelFrom } from './model-from.ts';
import { findRuntime, HOW_TO_INSTALL } from './natives.ts';
import type { PeerSession } from './peer-session.ts';
import { socketsTo } from './server-address.ts';
import { ThreadExecutor } from './thread-executor.ts';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'fatal';

const DIGITS = new URL('../public/models/digits.onnx', import.meta.url).pathname;
const SELF_TEST = new URL('../public/models/digits.selftest.json', import.meta.url).pathname;

const runtimeUrl = await findRuntime();
if (runtimeUrl === null) {
  console.warn(
    `SKIPPED: rooms on ONNX Runtime for Node; the one for browsers computes instead. ${HOW_TO_INSTALL}`,
  );
}
const makers = {
  'ONNX Runtime Web': () => new StageWorker(async (options) => ({ ort, options })),
  ...(runtimeUrl !== null && {
    'ONNX Runtime for Node': () => new ThreadExecutor({ runtimeUrl, budgetBytes: 1e9 }),
  }),
};

/** Runtimes start, calibrate and compute in this process, on a machine that may be busy. */
const PATIENCE_S = 60;
const until: typeof waitUntil = (what, get) => waitUntil(what, get, PATIENCE_S);

describe.each(Object.entries(makers))(
  'peers without a page, on %s',
  { timeout: 3 * PATIENCE_S * 1000 },
  (name, executors) => {
    const provider = name === 'ONNX Runtime Web' ? 'wasm' : 'cpu';
    let server: RunningServer;
    let folder: string;
    let link: RoomLink;
    const sessions: PeerSession[] = [];

    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'potluck-enter-'));
      writeFileSync(join(folder, 'index.html'), '<!doctype html>');
      server = await startServer({ host: '127.0.0.1', port: 0, root: folder });
      link = drawRoomLink((bytes) => crypto.getRandomValues(new Uint8Array(bytes)));
    });
    afterEach(async () => {
      for (const session of sessions.splice(0)) session.end('left', 'the test ended');
      await server.close();
      rmSync(folder, { recursive: true });
    });

    /** Through the real server; what goes between two of them is relayed. */
    async function come(who: string, more: Partial<Visit> = {}): Promise<PeerSession> {
      const session = await enter({
        link,
        name: who,
        connect: socketsTo(server.url),
        dial: null,
        device: { executors, candidates: [{ provider, threads: 1 }], budgetBytes: 1e9 },
        shelf: new Shelf(new MemoryPieceStore(), subtleDigest(crypto.subtle)),
        origins: lazyOrigin,
        planner: { decide: async (asked) => decide(asked), tell: async (asked, plan) => tell(asked, plan) },
        changed: () => undefined,
        report: (text) => {
          throw new Error(text);
        },
        ...more,
      });
      sessions.push(session);
      return session;
    }

    test('one opens a room for a model, another joins, takes layers, and says goodbye', async () => {
      const shelf = new Shelf(new MemoryPieceStore(), subtleDigest(crypto.subtle));
      const open = () => modelFrom(DIGITS, shelf, () => undefined);
      const leader = await come('leader', { shelf, model: { open, mode: 'everyone' } });
      await until('the model runs on one', () => leader.state.plan?.status === 'running');
      const edge = await come('edge');
      const holders = await until('the model runs on both', () => {
        const { plan, preparing } = edge.state;
        const peers = new Set(plan?.stages.map(({ peer }) => peer));
        return plan?.status === 'running' && !preparing && peers.size === 2 && peers;
      });
      expect(holders).toEqual(new Set([leader.state.me, edge.state.me]));
      expect(edge.state.leader).toBe(leader.state.me);
      expect(edge.state.model).toMatchObject({ kind: 'ready', card: { name: 'digits' } });
      const { profile } = edge.member.card;
      expect(profile).toMatchObject({ provider, runtime: 'node', tried: [{ provider }] });

      const { input, logits } = await knownAnswer();
      for (const session of [leader, edge]) {
        const { tensors } = await session.member.asker.ask([input()]);
        const [answer] = tensors.map(({ data }) => new Float32Array(data.slice().buffer));
        const scale = Math.max(...logits.map(Math.abs));
        const worst = Math.max(...logits.map((value, i) => Math.abs(value - (answer?.[i] ?? Number.NaN))));
        expect(worst / scale).toBeLessThan(1e-3);
      }

      edge.end('left', 'closed the peer');
      await until('the leader is alone', () => leader.state.devices.length === 1);
      expect(leader.state.log.map(({ what, more }) => `${what} ${more}`)).toContain(
        'edge left. It was stopped.',
      );
      await until('the leader has all layers again', () => {
        const { plan } = leader.state;
        return plan?.status === 'running' && plan.stages.every(({ peer }) => peer === leader.state.me);
      });
    });

    test('a room that is not there ends the visit', async () => {
      const session = await come('edge');
      const { phase } = await until('the end', () => session.state.phase.kind === 'ended' && session.state);
      expect(phase).toMatchObject({ kind: 'ended', reason: 'no-such-room' });
    });

    test('when the leader goes, the other one leads, and the model runs on', async () => {
      const shelf = new Shelf(new MemoryPieceStore(), subtleDigest(crypto.subtle));
      const open = () => modelFrom(DIGITS, shelf, () => undefined);
      const leader = await come('leader', { shelf, model: { open, mode: 'everyone' } });
      await until('the model runs on one', () => leader.state.plan?.status === 'running');
      const edge = await come('edge');
      await until('it has what it takes to lead', () => {
        const mine = edge.member.card.heir;
        return (
          mine !== undefined && mine === leader.member.card.heir && edge.state.plan?.status === 'running'
        );
      });
      leader.end('left', 'closed the peer');
      await until('it holds all', () => {
        const { plan, leader: by, me } = edge.state;
        return by === me && plan?.status === 'running' && plan.stages.every(({ peer }) => peer === me);
      });
      const { input } = await knownAnswer();
      expect((await edge.member.asker.ask([input()])).tensors).toHaveLength(1);
    });
  },
);

/** The input with a known answer: that of the self-test. */
async function knownAnswer(): Promise<{ input: () => Tensor; logits: readonly number[] }> {
  const test = parseSelfTest(new Uint8Array(), JSON.parse(readFileSync(SELF_TEST, 'utf8')));
  return { input: () => selfTestInput(test, test.logits.length), logits: test.logits.flat() };
}
