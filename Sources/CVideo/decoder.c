#include "decoder.h"

#include "message.h"

#include <libavutil/avstring.h>
#include <libavutil/mem.h>
#include <string.h>

/* Containers of pictures in time. Left out on purpose: playlists and concatenations, which name
 * other files or hosts, and the demuxers that take any text or image for a video. */
static const char containers[] =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mpegvideo,m4v,flv,live_flv,asf,ogg,gif,"
    "h264,hevc,ivf,obu,av1,nut,mxf,dv,rm,vob,wtv,y4m,yuv4mpegpipe,swf";

/* After so many errors in a row a decoder is taken to make no progress. */
enum { MAXIMUM_FAILURES = 256 };

static int open_format(cv_decoder *decoder, const char *path) {
  char *url = av_asprintf("file:%s", path); /* so that no path is taken for a protocol */
  decoder->format = avformat_alloc_context();
  if (url == NULL || decoder->format == NULL) {
    av_free(url);
    return AVERROR(ENOMEM);
  }
  decoder->format->format_whitelist = av_strdup(containers);
  decoder->format->protocol_whitelist = av_strdup("file");
  if (decoder->format->format_whitelist == NULL || decoder->format->protocol_whitelist == NULL) {
    av_free(url);
    return AVERROR(ENOMEM);
  }
  int code = avformat_open_input(&decoder->format, url, NULL, NULL);
  av_free(url);
  return code < 0 ? code : avformat_find_stream_info(decoder->format, NULL);
}

static int open_codec(cv_decoder *decoder, const AVCodec *codec) {
  decoder->codec = avcodec_alloc_context3(codec);
  if (decoder->codec == NULL) return AVERROR(ENOMEM);
  int code = avcodec_parameters_to_context(decoder->codec, decoder->stream->codecpar);
  if (code < 0) return code;
  decoder->codec->thread_count = 0; /* as many as there are processors */
  decoder->codec->pkt_timebase = decoder->stream->time_base;
  decoder->codec->max_pixels = CV_MAXIMUM_PIXELS;
  return avcodec_open2(decoder->codec, codec, NULL);
}

cv_status cv_decoder_open(cv_decoder *decoder, const char *path, int decode, char *message,
                          size_t capacity) {
  memset(decoder, 0, sizeof *decoder);
  av_log_set_level(AV_LOG_QUIET);
  cv_status status = CV_OK;
  int code = open_format(decoder, path);
  if (code < 0) {
    status = cv_fail_code(CV_DAMAGED, message, capacity, "no video container", code);
  } else {
    const AVCodec *codec = NULL;
    int index = av_find_best_stream(decoder->format, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
    if (index < 0) {
      status = cv_fail_code(CV_UNSUPPORTED, message, capacity, "no video stream", index);
    } else {
      decoder->stream = decoder->format->streams[index];
      if (decoder->stream->disposition & AV_DISPOSITION_ATTACHED_PIC) {
        status = cv_fail(CV_UNSUPPORTED, message, capacity, "a cover picture, no video stream");
      }
    }
    for (unsigned i = 0; i < decoder->format->nb_streams; i++) {
      if ((int)i != index) decoder->format->streams[i]->discard = AVDISCARD_ALL;
    }
    if (status == CV_OK && decode) {
      code = open_codec(decoder, codec);
      if (code < 0) {
        status = cv_fail_code(CV_UNSUPPORTED, message, capacity, "no decoder", code);
      }
    }
    decoder->packet = av_packet_alloc();
    if (status == CV_OK && decoder->packet == NULL) {
      status = cv_fail(CV_NO_MEMORY, message, capacity, "out of memory");
    }
  }
  if (status != CV_OK) cv_decoder_close(decoder);
  return status;
}

void cv_decoder_close(cv_decoder *decoder) {
  av_packet_free(&decoder->packet);
  avcodec_free_context(&decoder->codec);
  avformat_close_input(&decoder->format);
  decoder->stream = NULL;
}

int cv_decoder_read(cv_decoder *decoder) {
  while (av_read_frame(decoder->format, decoder->packet) >= 0) {
    if (decoder->packet->stream_index == decoder->stream->index) return 1;
    av_packet_unref(decoder->packet);
  }
  return 0;
}

int cv_decoder_next(cv_decoder *decoder, AVFrame *frame) {
  while (decoder->failures < MAXIMUM_FAILURES) {
    int code = avcodec_receive_frame(decoder->codec, frame);
    if (code >= 0) {
      decoder->failures = 0;
      return 1;
    }
    if (code == AVERROR_EOF) return 0;
    if (code != AVERROR(EAGAIN)) {
      decoder->failures++;
      continue;
    }
    if (decoder->draining) return 0;
    if (cv_decoder_read(decoder)) {
      if (avcodec_send_packet(decoder->codec, decoder->packet) < 0) decoder->failures++;
      av_packet_unref(decoder->packet);
    } else {
      decoder->draining = 1;
      if (avcodec_send_packet(decoder->codec, NULL) < 0) return 0;
    }
  }
  return 0;
}

int cv_decoder_seek(cv_decoder *decoder, int64_t time) {
  if (av_seek_frame(decoder->format, decoder->stream->index, time, AVSEEK_FLAG_BACKWARD) < 0) {
    return 0;
  }
  avcodec_flush_buffers(decoder->codec);
  decoder->draining = 0;
  decoder->failures = 0;
  return 1;
}
