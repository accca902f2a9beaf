/** A well-known model on the hub. */
export interface HubModel {
  readonly id: string;
  readonly title: string;
  /** What it is for, in words to sort by. */
  readonly purpose: string;
  readonly about: string;
  /** `owner/name` on the hub. */
  readonly repository: string;
  /** The model file in the repository; external data lies beside it and is found through the graph. */
  readonly path: string;
  /** Of the weights: SPDX where there is a name for it. */
  readonly licence: string;
  /** All files together, as the hub's pages round it; the hub may have changed since. */
  readonly aboutBytes: number;
}

/**
 * Repositories, paths and sizes as the hub's own pages listed them (`/tree/main/onnx`); licences as on the card of
 * the export or, where that has none, of the model it was made from.
 */
export const HUB_MODELS: readonly HubModel[] = [
  {
    id: 'mobilenetv4-small',
    title: 'MobileNetV4 small',
    purpose: 'Image classes',
    about: 'Names what a photo shows, from 1000 classes. Made for phones.',
    repository: 'onnx-community/mobilenetv4_conv_small.e2400_r224_in1k',
    path: 'onnx/model.onnx',
    licence: 'Apache-2.0',
    aboutBytes: 15_100_000,
  },
  {
    id: 'resnet-50',
    title: 'ResNet-50',
    purpose: 'Image classes',
    about: 'The classic among image networks: 1000 classes.',
    repository: 'Xenova/resnet-50',
    path: 'onnx/model.onnx',
    licence: 'Apache-2.0',
    aboutBytes: 102_000_000,
  },
  {
    id: 'vit-base',
    title: 'ViT base',
    purpose: 'Image classes',
    about: 'A transformer that reads a photo in patches: 1000 classes.',
    repository: 'Xenova/vit-base-patch16-224',
    path: 'onnx/model.onnx',
    licence: 'Apache-2.0',
    aboutBytes: 347_000_000,
  },
  {
    id: 'detr-resnet-50',
    title: 'DETR ResNet-50',
    purpose: 'Detection',
    about: 'Finds everyday objects in a photo and says where they are.',
    repository: 'Xenova/detr-resnet-50',
    path: 'onnx/model.onnx',
    licence: 'Apache-2.0',
    aboutBytes: 167_000_000,
  },
  {
    id: 'silero-vad',
    title: 'Silero VAD',
    purpose: 'Speech',
    about: 'Hears whether somebody speaks.',
    repository: 'onnx-community/silero-vad',
    path: 'onnx/model.onnx',
    licence: 'MIT',
    aboutBytes: 2_240_000,
  },
  {
    id: 'whisper-tiny-encoder',
    title: 'Whisper tiny, encoder',
    purpose: 'Speech',
    about: 'The listening half of Whisper for English: sound to features.',
    repository: 'Xenova/whisper-tiny.en',
    path: 'onnx/encoder_model.onnx',
    licence: 'Apache-2.0',
    aboutBytes: 32_900_000,
  },
  {
    id: 'wav2vec2-base',
    title: 'wav2vec 2.0 base',
    purpose: 'Speech',
    about: 'Writes English speech down, letter by letter.',
    repository: 'Xenova/wav2vec2-base-960h',
    path: 'onnx/model.onnx',
    licence: 'Apache-2.0',
    aboutBytes: 378_000_000,
  },
  {
    id: 'all-minilm-l6',
    title: 'MiniLM L6',
    purpose: 'Embeddings',
    about: 'Turns sentences into vectors, so that like ones lie close together.',
    repository: 'Xenova/all-MiniLM-L6-v2',
    path: 'onnx/model.onnx',
    licence: 'Apache-2.0',
    aboutBytes: 90_400_000,
  },
  {
    id: 'smollm2-135m',
    title: 'SmolLM2 135M Instruct',
    purpose: 'Language',
    about: 'A very small language model for English.',
    repository: 'HuggingFaceTB/SmolLM2-135M-Instruct',
    path: 'onnx/model.onnx',
    licence: 'Apache-2.0',
    aboutBytes: 654_000_000,
  },
  {
    id: 'qwen2.5-0.5b-q4',
    title: 'Qwen2.5 0.5B Instruct, 4 bits',
    purpose: 'Language',
    about: 'A small language model for 29 languages; most weights in 4 bits.',
    repository: 'onnx-community/Qwen2.5-0.5B-Instruct',
    path: 'onnx/model_q4.onnx',
    licence: 'Apache-2.0',
    aboutBytes: 786_000_000,
  },
  {
    id: 'llama-3.2-1b-fp16',
    title: 'Llama 3.2 1B Instruct, 16 bits',
    purpose: 'Language',
    about: 'Too large for most single tabs; its weights are a file of their own.',
    repository: 'onnx-community/Llama-3.2-1B-Instruct',
    path: 'onnx/model_fp16.onnx',
    licence: 'Llama 3.2 Community License',
    aboutBytes: 2_470_000_000,
  },
];
