import type { VNode } from 'preact';
import { useState } from 'preact/hooks';

interface Props {
  readonly words: string;
  readonly accept: string;
  readonly testId: string;
  readonly multiple?: boolean;
  /** Asks a phone for its camera instead of its files. */
  readonly camera?: boolean;
  readonly onFiles: (files: readonly File[]) => void;
}

/** A place to drop files that is also a file picker, by mouse, touch and keyboard. */
export function DropZone({ words, accept, testId, multiple, camera, onFiles }: Props): VNode {
  const [over, setOver] = useState(false);
  const drag = (value: boolean) => (event: DragEvent) => {
    event.preventDefault();
    setOver(value);
  };
  return (
    <label
      class={over ? 'drop over' : 'drop'}
      onDragEnter={drag(true)}
      onDragOver={drag(true)}
      onDragLeave={drag(false)}
      onDrop={(event) => {
        drag(false)(event);
        onFiles([...(event.dataTransfer?.files ?? [])]);
      }}
    >
      <input
        type="file"
        class="unseen"
        accept={accept}
        multiple={multiple}
        capture={camera ? 'environment' : undefined}
        data-testid={testId}
        onChange={(event) => {
          onFiles([...(event.currentTarget.files ?? [])]);
          // The same file may be chosen again.
          event.currentTarget.value = '';
        }}
      />
      {words}
    </label>
  );
}
