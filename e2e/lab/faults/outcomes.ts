import type { Page } from 'playwright';
import { promptTokensOf } from '../generate.ts';
import type { GeneratedText } from '../report.ts';
import { type NamedTensor, type Verification, verify } from '../verify.ts';
import { type PageAnswer, takeOutputs } from './ask-in-page.ts';
import type { Outcome } from './judge.ts';

export interface Judged {
  readonly outcomes: readonly Outcome[];
  readonly verify: Verification;
}

/** Compares each item with what the whole model gives for its input; the inputs came in turn. */
export async function itemOutcomes(
  page: Page,
  requests: number,
  answers: readonly PageAnswer[],
  expected: readonly (readonly NamedTensor[])[],
): Promise<Judged> {
  const outcomes: Outcome[] = [];
  const checks: Verification[] = [];
  for (const { item, line, askedAt, at, failure } of answers) {
    const check =
      failure === null
        ? verify(await takeOutputs(page, item), expected[item % expected.length] ?? [])
        : failed(`item ${item}: ${failure}`);
    checks.push(check);
    outcomes.push({ line, askedAt, at, kind: failure !== null ? 'lost' : check.ok ? 'equal' : 'wrong' });
  }
  for (let missing = answers.length; missing < requests; missing++) {
    checks.push(failed('an item never came'));
    outcomes.push({ line: 0, askedAt: Date.now(), at: Date.now(), kind: 'lost' });
  }
  return { outcomes, verify: worst(checks) };
}

/** Compares each text token for token. */
export function textOutcomes(
  model: string,
  texts: readonly GeneratedText[],
  answers: readonly PageAnswer[],
): Judged {
  const outcomes: Outcome[] = [];
  const checks: Verification[] = [];
  for (const [text, { prompt, ids }] of texts.entries()) {
    const expected = ids.slice(promptTokensOf(model, prompt));
    const own = answers.filter(({ item, token }) => item === text && token !== null);
    for (const [place, { line, askedAt, at, token }] of own.entries()) {
      const kind = place >= expected.length ? 'duplicated' : token === expected[place] ? 'equal' : 'wrong';
      outcomes.push({ line, askedAt, at, kind });
    }
    const failure = answers.find(({ item, token }) => item === text && token === null);
    const end = failure?.at ?? own.at(-1)?.at ?? Date.now();
    for (let place = own.length; place < expected.length; place++)
      outcomes.push({ line: text, askedAt: end, at: end, kind: 'lost' });
    const wrong = outcomes.find(({ line, kind }) => line === text && kind !== 'equal');
    checks.push(
      wrong
        ? failed(`"${prompt}": ${failure?.failure ?? `a token is ${wrong.kind}`}`)
        : { ok: true, maxAbsDiff: 0, maxRelDiff: 0, argmaxEqual: true, findings: [] },
    );
  }
  return { outcomes, verify: worst(checks) };
}

function failed(finding: string): Verification {
  const none = Number.POSITIVE_INFINITY;
  return { ok: false, maxAbsDiff: none, maxRelDiff: none, argmaxEqual: false, findings: [finding] };
}

function worst(checks: readonly Verification[]): Verification {
  return {
    ok: checks.length > 0 && checks.every(({ ok }) => ok),
    maxAbsDiff: Math.max(0, ...checks.map(({ maxAbsDiff }) => maxAbsDiff)),
    maxRelDiff: Math.max(0, ...checks.map(({ maxRelDiff }) => maxRelDiff)),
    argmaxEqual: checks.every(({ argmaxEqual }) => argmaxEqual),
    findings: [...new Set(checks.flatMap(({ findings }) => findings))].slice(0, 5),
  };
}
