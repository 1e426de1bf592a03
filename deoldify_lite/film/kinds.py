"""Kinds of films: those that are looked for, those that ffmpeg may open, and those that are written."""

from pathlib import Path

# Of the files that are taken for films when a folder is searched.
FILM_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".qt", ".mkv", ".webm", ".avi", ".divx", ".wmv", ".asf", ".flv", ".f4v"}
    | {".mpg", ".mpeg", ".mpe", ".m1v", ".m2v", ".mpv", ".vob", ".mod", ".tod"}  # .mod, .tod: JVC's cameras
    | {".ts", ".m2ts", ".mts", ".m2t", ".ogv", ".ogm", ".3gp", ".3gpp", ".3g2", ".rm", ".rmvb"}
    | {".mxf", ".gxf", ".dv", ".dif", ".wtv", ".nut", ".y4m", ".mjpg", ".mjpeg"}
)
# Of films that are JPEGs, one after the other, which ffmpeg may take for one photo.
JPEG_SUFFIXES = frozenset({".mjpg", ".mjpeg"})

# ffmpeg's names of what a film may be, whatever its suffix: all formats that are one file. Not those that
# name other files, whose contents would then be in the result (hls, dash, concat, imf, sdp, image2 ...), and
# no scripts (AviSynth, VapourSynth). Photos are in it, so that we can say that they are photos.
FILM_FORMATS = (
    "mov,matroska,avi,mpeg,mpegvideo,mpegts,asf,flv,live_flv,ogg,mxf,gxf,dv,rm,wtv,nut,nuv,nsv,swf,"
    "yuv4mpegpipe,ivf,obu,av1,h261,h263,h264,hevc,vvc,evc,m4v,vc1,vc1test,mjpeg,mjpeg_2000,dirac,cavsvideo,"
    "gif,apng,flic,smk,bink,roq,lmlm4,pva,mtv,amv,dnxhd,film_cpk,filmstrip,smjpeg,mpjpeg,rpl,vivo,cine,"
    "dhav,lxf,ty,"
    "jpeg_pipe,png_pipe,webp_pipe,tiff_pipe,bmp_pipe"
)

# Containers that we write, by suffix.
CONTAINERS = (".mp4", ".m4v", ".mov", ".mkv", ".webm")
# For what does not fit into the container that the film came in: Matroska holds every stream.
FALLBACK_CONTAINER = ".mkv"


def container_for(film: Path) -> str:
    """The container to try first, by a film's name: its own if we write that, or else the fallback."""
    suffix = film.suffix.lower()
    return suffix if suffix in CONTAINERS else FALLBACK_CONTAINER
