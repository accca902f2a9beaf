import { createHash } from 'node:crypto';
import { seededRandom } from '../../core/graph/seeded-random.ts';
import type { PeerId } from '../../core/ids.ts';
import { decoderIo } from '../../core/language/decoder-io.ts';
import { Conversation } from '../../core/runtime/conversation.ts';
import type { OpenModel } from '../../core/runtime/leader.ts';
import { holdersOf } from '../../core/session/holders.ts';
import { fromFloat32, type Tensor } from '../../core/tensor/tensor.ts';
import { modelOf } from '../../worker/room-under-test.ts';
import { toyDecoder, toyStream, WIDTH } from './toy-models.ts';
import { type Device, World } from './world.ts';

export const FAULTS = [
  'kill',
  'close',
  'freeze',
  'partition',
  'delay',
  'reorder',
  'duplicate',
  'drop',
  'corrupt',
] as const;
type Fault = (typeof FAULTS)[number];

/** One run of the explorer, all of it drawn from its numbers. */
export interface Schedule {
  readonly devices: number;
  readonly work: 'stream' | 'generation';
  readonly fault: Fault | 'none';
  /** The fault strikes when so many messages have been sent since the work began. */
  readonly step: number;
  /** Which device, and of the leader's or not, is struck. */
  readonly seed: number;
}

interface Outcome {
  readonly answers: readonly string[];
  /** Messages that were sent while the work went on. */
  readonly steps: number;
  /** Virtual time from the fault to the last answer. */
  readonly ms: number;
}

const ITEMS = 10;
const IN_FLIGHT = 3;
const TOKENS = 10;
const PROMPT = [5, 17, 3, 40, 22];
/** Longest honest way to a last answer: silence is noticed after 6 s, and some things happen one after another. */
const PATIENCE_MS = 120_000;

const STREAM: OpenModel = {
  ...(await modelOf('Stream', toyStream())),
  sample: () => [item(0)],
};
const opened = await modelOf('Decoder', toyDecoder());
const DECODER: OpenModel = opened;

function item(seed: number): Tensor {
  return fromFloat32(
    [1, WIDTH],
    Float32Array.from({ length: WIDTH }, (_, at) => Math.fround(Math.cos(seed + at))),
  );
}

/** @throws Error that names the first invariant that did not hold. */
export async function play({ devices, work, fault, step, seed }: Schedule): Promise<Outcome> {
  const random = seededRandom(seed);
  const world = new World(random);
  try {
    const names = 'abcdefgh'.slice(0, devices).split('');
    const [first] = names.map((name) => world.join(name.repeat(16) as PeerId));
    const model = work === 'stream' ? STREAM : DECODER;
    void first?.leader?.open(model);
    await world.until('a plan for all', () => runsOnAll(world, devices));
    await world.until('heirs', () => world.devices.every(({ member, leader }) => leader || member.card.heir));
    await world.clock.pass(500);
    const struck = world.devices[Math.floor(random() * devices)];
    const others = world.devices.filter((device) => device !== struck);
    const asker = others[Math.floor(random() * others.length)];
    if (!asker || !struck) throw new Error('a room of one');
    const begun = world.steps;
    let struckAt = 0;
    world.onStep = () => {
      if (fault === 'none' || world.steps - begun !== step) return;
      struckAt = world.clock.now();
      strike(world, struck, fault, random);
    };
    const answers: string[] = [];
    const working = work === 'stream' ? stream(asker, answers) : generation(asker, answers);
    await world.clock.until(working, PATIENCE_MS).catch((error: unknown) => {
      throw new Error(`${String(error)} ${world.told()}`);
    });
    const steps = world.steps - begun;
    const ms = world.clock.now() - struckAt;
    world.onStep = () => undefined;
    await world.until('a room at rest', () => isAtRest(world), 60_000);
    return { answers, steps, ms };
  } finally {
    world.close();
  }
}

async function stream({ member }: Device, answers: string[]): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < ITEMS; at = next++) {
      const { tensors } = await member.asker.ask([item(at)]);
      const [out] = tensors;
      const text = out ? createHash('sha256').update(out.data).digest('base64') : '';
      if (answers[at] !== undefined) throw new Error(`item ${at} was answered twice`);
      answers[at] = text;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

async function generation({ member, clock }: Device, answers: string[]): Promise<void> {
  const io = decoderIo(DECODER.card);
  if (!io) throw new Error('the toy decoder is none');
  const writer = {
    asker: member.asker,
    clock,
    io,
    contextTokens: 64,
    invariant: true,
    texts: new Set<Conversation>(),
  };
  const conversation = new Conversation(writer);
  const end = await member.turns.take(() => undefined);
  const sampling = { temperature: 0.7, topK: 0, topP: 1, repetitionPenalty: 1, seed: 11 };
  const options = { sampling, maxNewTokens: TOKENS, stopTokens: new Set<number>() };
  for await (const token of conversation.write(PROMPT, options)) answers.push(String(token));
  conversation.end();
  end();
}

function strike(
  world: World,
  { clock, gate, rendezvous, member, ...device }: Device,
  fault: Fault,
  random: () => number,
): void {
  const later = (ms: number, run: () => void): void => void world.clock.setTimeout(run, ms);
  const seconds = 1000 * (1 + 9 * random());
  switch (fault) {
    case 'kill':
      clock.kill();
      kill(world, device.peer);
      later(3, () => rendezvous.disconnect('away'));
      return;
    case 'close':
      kill(world, device.peer);
      later(0, () => {
        member.close('closed the page');
        rendezvous.disconnect('gone');
      });
      return;
    case 'freeze':
      clock.freeze();
      later(seconds, () => clock.thaw());
      return;
    case 'partition':
      // Packets are kept back as by a network that comes again; the server sees the device go and come.
      clock.freeze();
      rendezvous.disconnect('away');
      later(seconds, () => {
        rendezvous.reconnect();
        clock.thaw();
      });
      return;
    case 'delay':
      world.dialler.pairs.forEach(({ conditions, back }) => {
        conditions.delayMs = back.delayMs = 400;
      });
      later(seconds, () => {
        world.dialler.pairs.forEach(({ conditions, back }) => {
          conditions.delayMs = back.delayMs = 1;
        });
      });
      return;
    case 'reorder':
      world.dialler.pairs.forEach(({ conditions, back }) => {
        conditions.jitterMs = back.jitterMs = 60;
      });
      return;
    case 'duplicate':
      gate.copies = 2;
      later(seconds, () => {
        gate.copies = 1;
      });
      return;
    case 'corrupt':
      gate.corrupts = 1;
      return;
    case 'drop':
      for (const wire of [...gate.wires]) wire.close('the network changed');
  }
}

function kill(world: World, peer: PeerId): void {
  const device = world.devices.find((each) => each.peer === peer);
  if (device) device.alive = false;
}

function runsOnAll(world: World, devices: number): boolean {
  return world.devices.every(({ state, member }) => {
    const { plan } = state();
    const holders = new Set(plan?.stages.flatMap((stage) => holdersOf(stage).map(({ peer }) => peer)));
    return plan?.status === 'running' && holders.size === devices && member.asker.plan !== null;
  });
}

/** Everybody who is left follows one leader under one plan, and holds nothing of what is over. */
function isAtRest(world: World): boolean {
  const alive = world.devices.filter((device) => device.alive);
  const leaders = alive.filter(({ leader }) => leader);
  const epochs = new Set(alive.map(({ member }) => member.asker.plan?.epoch));
  const kept = alive.some(({ executors }) => executors.some((executor) => executor.kept.size > 0));
  const follows = alive.every(
    ({ state }) => state().leader === leaders[0]?.peer && state().phase.kind === 'open',
  );
  const open = alive.some(
    ({ member }) => member.asker.open > 0 || member.host.queue > 0 || member.host.sequences > 0,
  );
  return (
    leaders.length === 1 && follows && epochs.size === 1 && !epochs.has(undefined as never) && !open && !kept
  );
}
