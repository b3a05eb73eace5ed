#include "message.h"

#include <assert.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avstring.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
#include <stdlib.h>
#include <string.h>

struct cv_writer {
  AVFormatContext *format;
  AVCodecContext *codec;
  AVStream *stream;
  AVPacket *packet;
  AVFrame *rgb; /* a frame as it came, with the padding the scaler may read */
  AVFrame *yuv;
  struct SwsContext *scaler;
  int64_t count; /* frames appended */
};

static int open_codec(cv_writer *w, const AVCodec *codec, int32_t width, int32_t height,
                      int32_t rate) {
  w->codec = avcodec_alloc_context3(codec);
  if (w->codec == NULL) return AVERROR(ENOMEM);
  AVCodecContext *c = w->codec;
  c->width = width;
  c->height = height;
  c->time_base = (AVRational){1, rate};
  c->framerate = (AVRational){rate, 1};
  c->pix_fmt = AV_PIX_FMT_YUV420P;
  c->color_range = AVCOL_RANGE_MPEG; /* said in the file, so that a reader need not guess */
  c->colorspace = AVCOL_SPC_SMPTE170M;
  c->color_primaries = AVCOL_PRI_SMPTE170M;
  c->color_trc = AVCOL_TRC_SMPTE170M;
  c->gop_size = 48;
  c->thread_count = 1; /* frame threads make rate control depend on timing */
  c->flags |= AV_CODEC_FLAG_BITEXACT;
  if (w->format->oformat->flags & AVFMT_GLOBALHEADER) c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  if (strcmp(codec->name, "libx264") == 0) {
    int code = av_opt_set(c->priv_data, "crf", "18", 0);
    if (code < 0) return code;
  } else {
    c->flags |= AV_CODEC_FLAG_QSCALE;
    c->global_quality = 3 * FF_QP2LAMBDA;
  }
  return avcodec_open2(c, codec, NULL);
}

static int make_frame(AVFrame **frame, int32_t width, int32_t height, enum AVPixelFormat kind) {
  *frame = av_frame_alloc();
  if (*frame == NULL) return AVERROR(ENOMEM);
  (*frame)->width = width;
  (*frame)->height = height;
  (*frame)->format = kind;
  return av_frame_get_buffer(*frame, 0);
}

static int open_file(cv_writer *w, const char *path) {
  w->stream = avformat_new_stream(w->format, NULL);
  if (w->stream == NULL) return AVERROR(ENOMEM);
  w->stream->time_base = w->codec->time_base;
  w->stream->avg_frame_rate = w->codec->framerate;
  int code = avcodec_parameters_from_context(w->stream->codecpar, w->codec);
  if (code < 0) return code;
  char *url = av_asprintf("file:%s", path);
  if (url == NULL) return AVERROR(ENOMEM);
  code = avio_open(&w->format->pb, url, AVIO_FLAG_WRITE);
  av_free(url);
  return code < 0 ? code : avformat_write_header(w->format, NULL);
}

cv_status cv_writer_open(const char *path, const char *name, int32_t width, int32_t height,
                         int32_t frames_per_second, cv_writer **writer, char *message,
                         size_t capacity) {
  assert(width > 0 && height > 0 && width % 2 == 0 && height % 2 == 0 && frames_per_second > 0);
  av_log_set_level(AV_LOG_QUIET);
  *writer = NULL;
  const AVCodec *codec = avcodec_find_encoder_by_name(name != NULL ? name : "libx264");
  if (codec == NULL && name == NULL) codec = avcodec_find_encoder_by_name("mpeg4");
  if (codec == NULL)
    return cv_fail(CV_UNSUPPORTED, message, capacity, "FFmpeg has no encoder for it");

  cv_writer *w = calloc(1, sizeof *w);
  if (w == NULL) return cv_fail(CV_NO_MEMORY, message, capacity, "out of memory");
  int code = avformat_alloc_output_context2(&w->format, NULL, "mp4", NULL);
  if (code >= 0) {
    w->format->flags |= AVFMT_FLAG_BITEXACT;
    code = open_codec(w, codec, width, height, frames_per_second);
  }
  if (code >= 0) code = make_frame(&w->rgb, width, height, AV_PIX_FMT_RGB24);
  if (code >= 0) code = make_frame(&w->yuv, width, height, AV_PIX_FMT_YUV420P);
  if (code >= 0) {
    w->packet = av_packet_alloc();
    w->scaler = sws_getContext(width, height, AV_PIX_FMT_RGB24, width, height, AV_PIX_FMT_YUV420P,
                               SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP | SWS_BITEXACT,
                               NULL, NULL, NULL);
    if (w->packet == NULL || w->scaler == NULL) code = AVERROR(ENOMEM);
  }
  cv_status status = CV_OK;
  if (code < 0) {
    status = cv_fail_code(CV_UNSUPPORTED, message, capacity, "the encoder does not open", code);
  } else {
    code = open_file(w, path);
    if (code < 0) {
      status = cv_fail_code(CV_IO, message, capacity, "the file does not open", code);
    }
  }
  if (status != CV_OK) {
    cv_writer_free(w);
    return status;
  }
  *writer = w;
  return CV_OK;
}

/* Gives a frame, or NULL for the end, to the encoder, and writes what is ready. */
static int encode(cv_writer *w, const AVFrame *frame) {
  int code = avcodec_send_frame(w->codec, frame);
  while (code >= 0) {
    code = avcodec_receive_packet(w->codec, w->packet);
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return 0;
    if (code < 0) break;
    w->packet->stream_index = w->stream->index;
    if (w->packet->duration == 0) w->packet->duration = 1; /* else the last frame has none */
    av_packet_rescale_ts(w->packet, w->codec->time_base, w->stream->time_base);
    code = av_interleaved_write_frame(w->format, w->packet);
  }
  return code;
}

cv_status cv_writer_append(cv_writer *w, const uint8_t *rgb, char *message, size_t capacity) {
  size_t row = (size_t)w->rgb->width * 3;
  for (int y = 0; y < w->rgb->height; y++) {
    memcpy(w->rgb->data[0] + (ptrdiff_t)y * w->rgb->linesize[0], rgb + (size_t)y * row, row);
  }
  int code = av_frame_make_writable(w->yuv); /* the encoder may still hold the last one */
  if (code >= 0) {
    sws_scale(w->scaler, (const uint8_t *const *)w->rgb->data, w->rgb->linesize, 0, w->rgb->height,
              w->yuv->data, w->yuv->linesize);
    w->yuv->pts = w->count++;
    code = encode(w, w->yuv);
  }
  return code < 0 ? cv_fail_code(CV_IO, message, capacity, "a frame cannot be written", code)
                  : CV_OK;
}

cv_status cv_writer_finish(cv_writer *w, char *message, size_t capacity) {
  int code = encode(w, NULL);
  if (code >= 0) code = av_write_trailer(w->format);
  int closed = avio_closep(&w->format->pb); /* reports what could not be written before */
  if (code >= 0) code = closed;
  return code < 0 ? cv_fail_code(CV_IO, message, capacity, "the file cannot be completed", code)
                  : CV_OK;
}

void cv_writer_free(cv_writer *w) {
  if (w == NULL) return;
  if (w->format != NULL && w->format->pb != NULL) avio_closep(&w->format->pb);
  avformat_free_context(w->format);
  avcodec_free_context(&w->codec);
  av_packet_free(&w->packet);
  av_frame_free(&w->rgb);
  av_frame_free(&w->yuv);
  sws_freeContext(w->scaler);
  free(w);
}
