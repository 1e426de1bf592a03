"""Kinds of films: suffixes, formats that ffmpeg may open, and containers that are written."""

CONTAINERS = (".mp4", ".m4v", ".mov", ".mkv", ".webm")
# For what does not fit into the container that the film came in: Matroska holds every stream.
FALLBACK_CONTAINER = ".mkv"


FILM_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".m2ts", ".mts"}
    | {".vob", ".wmv", ".flv", ".ogv", ".3gp", ".mxf", ".dv", ".y4m"}
)


# What a film may be: all formats that are one file. Not those that name other files, whose contents would
# then be in the result (hls, dash, concat, imf, sdp, image2 ...), and no scripts (AviSynth, VapourSynth),
# whatever their suffix. Photos are in it, since they are then told to be photos.
FILM_FORMATS = (
    "mov,matroska,avi,mpeg,mpegvideo,mpegts,asf,flv,live_flv,ogg,mxf,gxf,dv,rm,wtv,nut,nuv,nsv,swf,"
    "yuv4mpegpipe,ivf,obu,av1,h261,h263,h264,hevc,vvc,evc,m4v,vc1,vc1test,mjpeg,mjpeg_2000,dirac,cavsvideo,"
    "gif,apng,flic,smk,bink,roq,lmlm4,pva,mtv,amv,"
    "jpeg_pipe,png_pipe,webp_pipe,tiff_pipe,bmp_pipe"
)
