import { join } from 'node:path';
import type { PlanView } from '../core/session/state.ts';
import { requireQuotas } from '../e2e/lab/cpu-quota.ts';
import { feedsFor } from '../e2e/lab/input.ts';
import { setCpu } from '../e2e/lab/lab-device.ts';
import { labModel } from '../e2e/lab/model-files.ts';
import { openModel } from '../e2e/lab/room-model.ts';
import { haveShared, ROOT, SHARED } from '../e2e/repository.ts';
import { withLabRoom } from './lab-room.ts';
import { steadyRate } from './rates.ts';
import type { Section } from './section.ts';
import { choosePlan, holdersOf, stagesInWords } from './settled-plan.ts';
import { type Spread, spread } from './statistics.ts';
import { setInputs, stream } from './stream.ts';

/** Two devices alike and one at a tenth of their speed; together they leave a machine of two cores some room. */
const CPU = [80, 80, 8];
/** With which it comes in: at less than a tenth of a core the runtime may not start in the time that the page gives it. */
const ENTERING = [80, 80, 40];
/** Items that pass on each of the two alone, and the rest after them: see the predictions. */
const LEARNING = 20;
const REST_MS = 45_000;
const SHAPE = { delayMs: 2, mbitPerSec: 200 };
const ROUNDS = 10;
const ITEMS = 80;
const IN_FLIGHT = 6;
/** A device at this speed may just be taking other layers. */
const SHOWN_MS = 60_000;
/** Two measurements of one and the same plan differ by less. */
const NOISE = 0.05;

/** A room with one device at a tenth of the speed: is it left out, and does it do no harm? */
export const leftOut: Section = async ({ models }) => {
  requireQuotas();
  const shared = haveShared('a device left out, on squeezenet: the bundled digits take its place');
  const path =
    models?.[0] ??
    (shared ? join(SHARED, 'models/squeezenet1.0.onnx') : join(ROOT, 'public/models/digits.onnx'));
  return withLabRoom({ devices: CPU.length, cpu: ENTERING, shape: SHAPE }, async (room) => {
    const { page } = room.leader;
    const [, , slow] = room.peers;
    if (slow === undefined) throw new Error('There is no third device.');
    // Before the model comes, which every device measures for itself.
    for (const [i, percent] of CPU.entries()) setCpu(room.devices[i] ?? room.leader, percent);
    const share = (peer: (typeof room.peers)[number]): string => `${CPU[room.peers.indexOf(peer)]}%`;
    const model = await labModel(path);
    const state = await openModel(page, { model }, 'fastest');
    if (state.model.kind !== 'ready') throw new Error('The model is gone.');
    await setInputs(page, [feedsFor(state.model.card, 0)]);

    const rate = async (): Promise<number> => {
      const { items, failures } = await stream(page, { inFlight: IN_FLIGHT, items: ITEMS + 2 * IN_FLIGHT });
      if (failures[0] !== undefined) throw new Error(failures[0]);
      return steadyRate(items, IN_FLIGHT);
    };
    for (const peer of room.peers.slice(0, 2)) {
      await choosePlan(page, {
        mode: 'fastest',
        rules: { pinnedOut: room.peers.filter((other) => other !== peer) },
      });
      await stream(page, { inFlight: 2, items: LEARNING });
    }
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    const rounds: { three: number; two: number }[] = [];
    let plan: PlanView | undefined;
    for (let round = 0; round < ROUNDS; round++) {
      plan = await choosePlan(page, { mode: 'most' });
      const three = await rate();
      await choosePlan(page, { mode: 'most', rules: { pinnedOut: [slow] } });
      const two = await rate();
      rounds.push({ three, two });
      console.error(
        `left-out: round ${round + 1} of ${ROUNDS}, ${three.toFixed(2)} against ${two.toFixed(2)} a second`,
      );
    }
    const reason = plan?.leftOut.find(({ peer }) => peer === slow)?.reason;
    // Its layers come while it is as quick as when it came in, or they take minutes; then it works as slowly as before.
    const [slowDevice, slowCpu, enteringCpu] = [
      room.devices[2] ?? room.leader,
      CPU[2] ?? 0,
      ENTERING[2] ?? 0,
    ];
    setCpu(slowDevice, enteringCpu);
    const everyone = await choosePlan(page, { mode: 'everyone' });
    setCpu(slowDevice, slowCpu);
    const forced = await rate();
    const words = page.locator('p', { hasText: /predicted|alone would/i });
    await words.first().waitFor({ timeout: SHOWN_MS });
    const shown = (await words.allInnerTexts()).join(' ');
    const others = spread(rounds.map(({ three, two }) => three / two));
    const good = plan !== undefined && !holdersOf(plan).includes(slow) && others.median >= 1 - NOISE;
    const text = [
      `A room of three at ${CPU.join(', ')} % of a core (${model.name})`,
      `chosen  ${plan && stagesInWords(plan, share)}; the slow one: ${reason ?? 'NOT LEFT OUT'}`,
      `rate    ${times(spread(rounds.map(({ three }) => three)))} a second; with the slow one pinned out ` +
        `${times(spread(rounds.map(({ two }) => two)))}; ratio ${times(others)} (>= ${1 - NOISE})  ${good ? 'good' : 'poor'}`,
      `forced  ${stagesInWords(everyone, share)}: ${forced.toFixed(2)} a second`,
      `shown   ${shown}`,
    ].join('\n');
    return { text, good, data: { model: model.name, plan, everyone, rounds, forced, shown } };
  });
};

function times({ median, p10, p90 }: Spread): string {
  return `${median.toFixed(2)} (${p10.toFixed(2)} to ${p90.toFixed(2)})`;
}
