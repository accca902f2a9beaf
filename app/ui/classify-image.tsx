import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { messageOf } from '../../core/errors.ts';
import type { Answer } from '../session/store.ts';
import { Outputs, PathLine, TopBars } from './answer.tsx';
import type { AskProps } from './ask-card.tsx';
import { DropZone } from './drop-zone.tsx';
import { useMedia } from './media.ts';
import { Repeat } from './repeat.tsx';

/** More pictures than anyone looks at; older ones make room. */
const MOST = 12;
/** Past the largest photo of a phone; a browser may run out of memory decoding more. */
const MOST_BYTES = 64e6;

interface Picture {
  readonly id: number;
  readonly name: string;
  readonly url: string;
  readonly file: File;
  readonly answer: Answer | null;
  readonly problem: string | null;
}

/** Drop, pick or take pictures; each gets its own answer, one after the other. */
export function ClassifyImage({ state, actions, ready }: AskProps): VNode {
  const [pictures, setPictures] = useState<readonly Picture[]>([]);
  const touch = useMedia('(pointer: coarse)');
  const nextId = useRef(1);
  const asked = useRef(0);
  const held = useRef<readonly Picture[]>([]);
  held.current = pictures;
  useEffect(
    () => () => {
      for (const picture of held.current) URL.revokeObjectURL(picture.url);
    },
    [],
  );

  const waiting = pictures.filter((picture) => !picture.answer && !picture.problem);
  const next = waiting.at(-1);
  useEffect(() => {
    if (!ready || !next || asked.current === next.id) return;
    asked.current = next.id;
    const settle = (part: Partial<Picture>): void =>
      setPictures((all) =>
        all.map((picture) => (picture.id === next.id ? { ...picture, ...part } : picture)),
      );
    askWith(next, actions.askImage).then(
      (answer) => settle({ answer }),
      (error: unknown) => settle({ problem: messageOf(error) }),
    );
  }, [ready, next?.id]);

  const add = (files: readonly File[]): void => {
    const added = files.map((file) => ({
      id: nextId.current++,
      name: file.name,
      url: URL.createObjectURL(file),
      file,
      answer: null,
      problem: null,
    }));
    const all = [...added.reverse(), ...pictures];
    for (const gone of all.slice(MOST)) URL.revokeObjectURL(gone.url);
    setPictures(all.slice(0, MOST));
  };
  const latest = pictures.find((picture) => picture.answer)?.answer;
  return (
    <>
      <div class="drops">
        <DropZone
          accept="image/*"
          multiple
          testId="ask-file"
          words={touch ? 'Choose pictures' : 'Drop pictures here, or choose some'}
          onFiles={add}
        />
        {touch && <DropZone accept="image/*" camera testId="ask-camera" words="Take a photo" onFiles={add} />}
      </div>
      <ul class="pictures" data-testid="answer" aria-live="polite">
        {pictures.map((picture) => (
          <PictureLine key={picture.id} picture={picture} />
        ))}
      </ul>
      {latest ? <PathLine answer={latest} state={state} /> : <p class="path" />}
      <Repeat state={state} actions={actions} ready={ready && latest !== undefined} />
    </>
  );
}

function PictureLine({ picture }: { readonly picture: Picture }): VNode {
  const { answer, problem } = picture;
  const [best] = answer?.top ?? [];
  return (
    <li data-picture={picture.name} data-done={answer !== null || problem !== null}>
      {problem ? <span class="thumb" /> : <img class="thumb" src={picture.url} alt={picture.name} />}
      <div>
        {best && (
          <b class="best" data-testid="answer-label">
            {best.label}
          </b>
        )}
        {answer && (best ? <TopBars top={answer.top} most={5} /> : <Outputs outputs={answer.outputs} />)}
        {problem && <p class="problem">{problem}</p>}
        {!answer && !problem && <p class="soft">Waiting for the room…</p>}
      </div>
    </li>
  );
}

async function askWith(picture: Picture, ask: AskProps['actions']['askImage']): Promise<Answer> {
  if (picture.file.size > MOST_BYTES) throw new Error(`${picture.name} is larger than 64 MB.`);
  const bitmap = await createImageBitmap(picture.file).catch(() => {
    throw new Error(`${picture.name} is not a picture that this browser can read.`);
  });
  return ask(bitmap, picture.name);
}
