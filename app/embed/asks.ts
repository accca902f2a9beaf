import { InputError } from '../../core/errors.ts';
import type { EmbedModel } from '../../core/protocol/embed.ts';
import type { ModelState } from '../../core/session/state.ts';
import type { BrowserSession } from '../session/browser-session.ts';
import { programAnswer } from '../session/programs.ts';
import type { Answer } from '../session/store.ts';
import { notOpened } from './await-state.ts';
import type { FrameAnswer } from './channel.ts';
import type { Reply } from './desk.ts';

/** @throws PotluckError, also where the room then goes on with the model that it had. */
export async function openChosen(session: BrowserSession, model: EmbedModel): Promise<void> {
  let failed: Extract<ModelState, { kind: 'failed' }> | undefined;
  const stop = session.state.subscribe(({ model }) => {
    failed = model.kind === 'failed' ? model : failed;
  });
  // Of an opening before this one.
  failed = undefined;
  try {
    if (model.kind === 'bundled') await session.openBundled(model.id);
    else if (model.kind === 'url') await session.openUrl(model.url);
    else await session.openFile(...model.files);
  } finally {
    stop();
  }
  if (failed) throw notOpened(failed);
}

/** A forgotten input must not be filled with random numbers, as the page does for people who only try. */
export function checkComplete(session: BrowserSession, feeds: Readonly<Record<string, unknown>>): void {
  const { model } = session.state.value;
  const missing = model.kind === 'ready' && model.card.inputs.find(({ name }) => !Object.hasOwn(feeds, name));
  if (!missing) return;
  throw new InputError(`No value for the input "${missing.name}".`, { step: 'ask', expected: missing.name });
}

export function checkLeads(session: BrowserSession, step: string): void {
  const { leader, me } = session.state.value;
  if (leader === me) return;
  throw new InputError('Only the leader can do that.', {
    step,
    expected: 'the leader',
    actual: 'a follower',
  });
}

export function answerOf(session: BrowserSession, answer: Answer): Reply {
  const { outputs, latencyMs, stages } = programAnswer(session, answer);
  // Views into a larger buffer would take all of it along.
  const own = outputs.map((output) => ({ ...output, data: output.data.slice() }));
  const value: FrameAnswer = {
    outputs: own,
    top: answer.top,
    latencyMs,
    stages: stages.map(({ stage, computeMs, queueMs }) => ({ stage, computeMs, queueMs })),
  };
  return { value, transfer: own.map(({ data }) => data.buffer) };
}
