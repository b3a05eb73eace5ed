/* Video through FFmpeg, behind a plain C interface.
 *
 * Built as the dynamic library GitcVideo and found at run time with dlopen, so that a program
 * starts without FFmpeg's libraries and works where they are missing.
 * Sources/Media/VideoLibrary.swift repeats these declarations and compares cv_interface() with the
 * number it was written for: change both, and the number, together.
 *
 * Bytes from outside are never trusted: a function returns a cv_status and never aborts; on failure
 * it leaves a sentence without final period in `message` (cut to `capacity`, always terminated).
 * FFmpeg's own log is silenced. Functions are thread-safe; one writer is used by one thread at a
 * time. */
#ifndef CVIDEO_H
#define CVIDEO_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

enum { CV_INTERFACE = 3 };

/* CV_INTERFACE of the library that was loaded. */
int32_t cv_interface(void);

typedef enum cv_status {
  CV_OK = 0,
  CV_DAMAGED = 1,     /* no video that can be decoded */
  CV_UNSUPPORTED = 2, /* a container, codec or size that is not handled */
  CV_NO_MEMORY = 3,
  CV_IO = 4,     /* the system refused a read or write */
  CV_STOPPED = 5 /* the callback asked to stop */
} cv_status;

/* Receives one frame: width * height * 3 bytes, row-major, red first, valid during the call.
 * Returns nonzero to stop. */
typedef int32_t (*cv_deliver)(void *_Nullable context, const uint8_t *rgb, int32_t width,
                              int32_t height);

/* Delivers, in time order, the frames nearest to the middles of `maximum` equal parts of the
 * video's duration (of two equally near the earlier one); all frames where there are not more than
 * `maximum`. Where pictures are shown long, one may stand for several parts and is delivered for
 * each.
 *
 * Times are those of presentation; a stream without usable times is taken to be evenly spaced. A
 * part of a damaged stream that does not decode is passed over. Rotation and pixel aspect are not
 * applied. The file is read twice, memory does not depend on its length. Only local files of common
 * containers are opened: no playlists, no network. Requires maximum > 0. */
cv_status cv_sample(const char *path, int32_t maximum, cv_deliver deliver, void *_Nullable context,
                    char *message, size_t capacity);

/* Receives the frame of one of `parts` parts of a video that lasts `duration` seconds; else as
 * cv_deliver. */
typedef int32_t (*cv_deliver_part)(void *_Nullable context, const uint8_t *rgb, int32_t width,
                                   int32_t height, int32_t part, int32_t parts, double duration);

/* Takes a video apart, `interval` milliseconds each, the last part longer or shorter by up to half
 * of that, one part at least; delivers for each, in time order, the frame nearest to the middle of
 * the interval (of two equally near the earlier one). CV_UNSUPPORTED where the stream says neither
 * times nor a rate. Else as cv_sample. Requires interval > 0. */
cv_status cv_sample_every(const char *path, int64_t interval, cv_deliver_part deliver,
                          void *_Nullable context, char *message, size_t capacity);

/* Gives the time from the start of the first frame to the end of the last one, above 0, as
 * cv_sample divides it; CV_UNSUPPORTED where the stream says neither times nor a rate. The file is
 * read once, and decoded where its packets have no times. */
cv_status cv_duration(const char *path, double *seconds, char *message, size_t capacity);

typedef struct cv_writer cv_writer;

/* Opens `path` (replacing it) for an MP4 of width x height, both even, at a constant rate. `codec`
 * names an FFmpeg encoder; NULL takes libx264, or mpeg4 where that is missing. One thread and no
 * time stamps of the day: the same frames give the same bytes with the same FFmpeg. */
cv_status cv_writer_open(const char *path, const char *_Nullable codec, int32_t width,
                         int32_t height, int32_t frames_per_second,
                         cv_writer *_Nullable *_Nonnull writer, char *message, size_t capacity);
/* Adds a frame of width * height * 3 bytes. */
cv_status cv_writer_append(cv_writer *writer, const uint8_t *rgb, char *message, size_t capacity);
/* Writes what is pending and the index. The writer still has to be freed. */
cv_status cv_writer_finish(cv_writer *writer, char *message, size_t capacity);
/* Closes the file, complete or not, and frees the writer. */
void cv_writer_free(cv_writer *_Nullable writer);

#pragma clang assume_nonnull end

#endif
