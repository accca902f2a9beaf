import { join } from 'node:path';
import type { AuditCounts, SetAside } from '../../core/session/state.ts';
import { corrupt } from '../../e2e/lab/faults/inflict.ts';
import { feedsFor } from '../../e2e/lab/input.ts';
import { labModel } from '../../e2e/lab/model-files.ts';
import { openModel } from '../../e2e/lab/room-model.ts';
import { ROOT } from '../../e2e/repository.ts';
import { stateOf } from '../../e2e/session-page.ts';
import { withLabRoom } from '../lab-room.ts';
import { choosePlan, holdersOf } from '../settled-plan.ts';
import { setInputs, stream } from '../stream.ts';

/** What a room of real browsers found. */
export interface BrowserRoom {
  /** Answers with everybody honest. */
  readonly honest: number;
  /** Answers after one began to compute wrongly until it was set aside; null where that did not happen. */
  readonly wrong: number | null;
  readonly seconds: number;
  readonly setAside: readonly SetAside[];
  readonly audits: AuditCounts | null;
  /** The plan of afterwards does without it. */
  readonly without: boolean;
}

const RATE = 0.05;
const HONEST = 400;
const MOST = 1000;
const AT_A_TIME = 20;

/** Three browsers read digits; from the 400th on, one hands on values that are wrong by up to 5 %. */
export async function browserRoom(): Promise<BrowserRoom> {
  const model = await labModel(join(ROOT, 'public/models/digits.onnx'));
  return withLabRoom({ devices: 3 }, async (room) => {
    const { page } = room.leader;
    const { model: opened } = await openModel(page, { model }, 'everyone');
    if (opened.kind !== 'ready') throw new Error('The model is gone.');
    await setInputs(page, [feedsFor(opened.card, 0)]);
    await choosePlan(page, { mode: 'everyone', rules: { auditRate: RATE } });
    await stream(page, { inFlight: 2, items: HONEST });
    const before = (await stateOf(page))?.setAside ?? [];
    if (before.length > 0) throw new Error(`An honest device was set aside: ${JSON.stringify(before)}`);
    const [, liar] = room.peers;
    if (liar === undefined) throw new Error('There is no second device.');
    await corrupt(room.deviceOf(liar));
    const begun = performance.now();
    let wrong = 0;
    let setAside: readonly SetAside[] = [];
    while (setAside.length === 0 && wrong < MOST) {
      await stream(page, { inFlight: 2, items: AT_A_TIME });
      wrong += AT_A_TIME;
      setAside = (await stateOf(page))?.setAside ?? [];
    }
    const seconds = (performance.now() - begun) / 1000;
    if (setAside.some(({ peer }) => peer !== liar)) throw new Error('An honest device was set aside.');
    const plan = await choosePlan(page, { mode: 'everyone', rules: { auditRate: RATE } });
    const audits = (await stateOf(page))?.audits ?? null;
    const without = !holdersOf(plan).includes(liar);
    return { honest: HONEST, wrong: setAside.length > 0 ? wrong : null, seconds, setAside, audits, without };
  });
}

/** As a person reads it. */
export function browserRoomLine({ honest, wrong, seconds, audits, without }: BrowserRoom): string {
  const found =
    wrong === null
      ? 'NOT FOUND'
      : `set aside after ${wrong} answers at most (${seconds.toFixed(1)} s), ${without ? 'and held nothing afterwards' : 'AND HELD LAYERS STILL'}`;
  return `Three browsers at ${RATE * 100} %: nobody accused in ${honest} answers; one that is off by 5 % ${found}; ${audits?.checked} runs checked`;
}
