import { differenceOf } from '../../audit/difference.ts';
import type { SetAside } from '../../session/state.ts';
import type { DoubtsOptions, RecentAnswer } from './doubts-later.ts';

/** Other devices answer now, and round otherwise; what is further off than this was wrong. */
const ROUNDING = 2e-3;
/** People wait for other things, too. */
const MOST = 100;

/** Tells the person how many answers are in doubt, asks again what it can, and tells how many came out differently. */
export async function askAgain(
  { name }: Pick<SetAside, 'name'>,
  doubtful: readonly RecentAnswer[],
  { ask, emit, clock }: DoubtsOptions,
): Promise<void> {
  const answers = (count: number): string => (count === 1 ? '1 answer' : `${count} answers`);
  const tell = (message: string): void =>
    emit({ type: 'NoticeRaised', tone: 'bad', message, at: clock.now() });
  const again = doubtful.flatMap(({ kept }) => kept ?? []).slice(-MOST);
  const since = `${name} gave wrong results. ${answers(doubtful.length)} here since its last check may be wrong`;
  tell(again.length === 0 ? `${since}: ask again.` : `${since}; ${again.length} of them asked again.`);
  let asked = 0;
  let wrong = 0;
  for (const { asked: tensors, answer } of again) {
    const result = await ask(tensors).catch(() => null);
    if (!result) continue;
    asked++;
    const { relative, steps } = differenceOf(answer, result.tensors);
    if (relative > ROUNDING || steps > 0) wrong++;
  }
  if (asked === 0) return;
  tell(
    `Of ${answers(asked)} that ${name} had a part in and that were computed again, ${wrong} had been wrong.`,
  );
}
