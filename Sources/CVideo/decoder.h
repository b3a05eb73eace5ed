/* One video stream of one file, decoded frame by frame. */
#ifndef CVIDEO_DECODER_H
#define CVIDEO_DECODER_H

#include "cvideo.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

typedef struct cv_decoder {
  AVFormatContext *format;
  AVCodecContext *codec; /* NULL where only packets are read */
  AVPacket *packet;
  AVStream *stream;
  int draining; /* the file has ended, the decoder still holds frames */
  int failures; /* consecutive errors of the decoder */
} cv_decoder;

/* Opens the best video stream of a file; without `decode`, for reading packets only. On failure
 * nothing is left open. */
cv_status cv_decoder_open(cv_decoder *decoder, const char *path, int decode, char *message,
                          size_t capacity);
void cv_decoder_close(cv_decoder *decoder);

/* Reads the stream's next packet into decoder->packet; 0 at the end of what can be read. The caller
 * unreferences it. */
int cv_decoder_read(cv_decoder *decoder);

/* Decodes the next frame in presentation order; 0 at the end of what can be decoded. */
int cv_decoder_next(cv_decoder *decoder, AVFrame *frame);

/* Continues at or before `time` (in the stream's time base); 0 where the file cannot seek, in which
 * case the position is unknown. */
int cv_decoder_seek(cv_decoder *decoder, int64_t time);

#endif
