/* Stands in for NVIDIA's libnvidia-ml.so.1, so that the real pynvml can be run on a box without a GPU.
 *
 * What the GPUs say stands in a text file, named by the environment variable FAKE_NVML and read anew at every call, so
 * that a test can change it (by os.replace) while programs run. Without the variable or the file no driver is loaded.
 * One `key = value` a line, the last one counts; a comment starts with `#` at the start or after a blank.
 *
 *   driver = ok           or unloaded: init gives DRIVER_NOT_LOADED; who had the library initialised and calls it now
 *                            gets UNINITIALIZED from then on, until it has initialised it again;
 *                         or mismatch: init gives LIB_RM_VERSION_MISMATCH, who is in stays in;
 *                         or unknown: every nvmlDevice… call gives UNKNOWN
 *   version = 580.95.05   cuda = 13000   gpus = 2 (none if missing)   tick = 100 (ms that a value of a series lasts)
 *   0.name, 0.uuid (GPU-fake-0), 0.pci (00000000:01:00.0)
 *   0.temp, 0.slowdown, 0.shutdown, 0.maxtemp                   °C
 *   0.power, 0.cap, 0.cap_default, 0.cap_min, 0.cap_max         mW
 *   0.set_cap = ok        or denied (the default): NO_PERMISSION. A cap that was set stands in <FAKE_NVML>.cap.<index>
 *                         and wins over 0.cap, for every process.
 *   0.energy              mJ, or `counter`: 0.energy_base and what 0.power came to since the file's mtime
 *   0.mem_total, 0.mem_used (bytes), 0.util, 0.memutil, 0.fan (%), 0.sm_clock, 0.mem_clock (MHz), 0.reasons (bits),
 *   0.mig, 0.p_state, 0.persistence
 *   0.pids, 0.gpids       compute and graphics processes, `pid:bytes,pid:bytes`; no `:bytes`: the driver can't tell
 *   0.lost = 1            every call on this GPU gives GPU_IS_LOST
 *   0.nvmlDeviceGetFanSpeed = 3    this call gives this error on this GPU; without `0.`: a call that is about no GPU
 *
 * A key that is missing gives NOT_SUPPORTED. Every number may be a series, `60,70,84`: each value holds for a tick,
 * counted from the file's mtime, the last one stays; with a `*` at the end the series starts again. (Errors too: 0 is
 * none.) If FAKE_NVML_CALLS names a file, every call but nvmlErrorString appends `function index` to it (`-`: no GPU).
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SUCCESS, UNINITIALIZED, INVALID_ARGUMENT, NOT_SUPPORTED, NO_PERMISSION, NOT_FOUND = 6, INSUFFICIENT_SIZE,
       DRIVER_NOT_LOADED = 9, GPU_IS_LOST = 15, OPERATING_SYSTEM = 17, LIB_RM_VERSION_MISMATCH,
       ARGUMENT_VERSION_MISMATCH = 25, UNKNOWN = 999 };
enum { NO_GPU = -1, BAD_HANDLE = -2, MAX_GPUS = 64, MAX_LINES = 4096, MAX_VALUES = 4096, MAX_BYTES = 1 << 18 };

typedef int status;
typedef unsigned long long number;
typedef struct device { char unused; } *gpu;

static struct device devices[MAX_GPUS];  /* a handle is the address of one of these */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;  /* guards all that follows */
static int initialised;
static bool loaded;  /* the driver is */
static double age;   /* of the script, in ms */
static char path[4096], text[MAX_BYTES];
static struct { const char *key, *value; } lines[MAX_LINES];
static int line_count;
static struct { number values[MAX_VALUES], count; bool repeats; } series;

/* ---- the script ---- */

static char *trimmed(char *word) {
    word += strspn(word, " \t\r");
    for (size_t end = strlen(word); end && strchr(" \t\r", word[end - 1]); end--)
        word[end - 1] = 0;
    return word;
}

static void read_script(void) {
    const char *name = getenv("FAKE_NVML");
    struct stat found;
    struct timespec now;
    line_count = 0;
    snprintf(path, sizeof path, "%s", name ? name : "");
    FILE *file = fopen(path, "re");
    loaded = file && fstat(fileno(file), &found) == 0;
    if (!loaded)
        return;
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    clock_gettime(CLOCK_REALTIME, &now);
    age = (double)(now.tv_sec - found.st_mtim.tv_sec) * 1e3 + (double)(now.tv_nsec - found.st_mtim.tv_nsec) / 1e6;
    age = age < 0 ? 0 : age;
    char *rest, *line = strtok_r(text, "\n", &rest);
    for (; line && line_count < MAX_LINES; line = strtok_r(NULL, "\n", &rest)) {
        char *comment = *line == '#' ? line : strstr(line, " #");
        if (comment)
            *comment = 0;
        char *equals = strchr(line, '=');
        if (!equals)
            continue;
        *equals = 0;
        lines[line_count].key = trimmed(line);
        lines[line_count++].value = trimmed(equals + 1);
    }
}

static const char *find(int i, const char *key) {
    char of_gpu[128];
    snprintf(of_gpu, sizeof of_gpu, "%d.%s", i, key);
    for (int at = line_count - 1; at >= 0; at--)
        if (strcmp(lines[at].key, i == NO_GPU ? key : of_gpu) == 0)
            return lines[at].value;
    return NULL;
}

static bool is(int i, const char *key, const char *value) {
    const char *found = find(i, key);
    return found && strcmp(found, value) == 0;
}

static status read_series(int i, const char *key) {
    const char *value = find(i, key), *at = value;
    char *end;
    if (!value)
        return NOT_SUPPORTED;
    for (series.count = 0;; at = end + 1) {
        series.values[series.count++] = strtoull(at, &end, 0);
        if (end == at || *end != ',' || series.count == MAX_VALUES)
            break;
    }
    series.repeats = *end == '*';
    if (end > at && end[series.repeats] == 0)
        return SUCCESS;
    fprintf(stderr, "fake_nvml: %s: %d.%s is neither a number nor a series: %s\n", path, i, key, value);
    return UNKNOWN;
}

static number value_at(number ticks) {
    return series.values[series.repeats || ticks < series.count ? ticks % series.count : series.count - 1];
}

static const char *cap_file(int i) {
    static char name[sizeof path + 32];
    snprintf(name, sizeof name, "%s.cap.%d", path, i);
    return name;
}

static bool read_cap(int i, number *out) {
    FILE *file = fopen(cap_file(i), "re");
    bool was_set = file && fscanf(file, "%llu", out) == 1;
    return file && fclose(file) == 0 && was_set;
}

static status write_cap(int i, unsigned cap) {
    char draft[sizeof path + 64];
    snprintf(draft, sizeof draft, "%s.%d", cap_file(i), (int)getpid());
    FILE *file = fopen(draft, "we");
    bool written = file && fprintf(file, "%u\n", cap) > 0;
    written = file && fclose(file) == 0 && written;
    return written && rename(draft, cap_file(i)) == 0 ? SUCCESS : OPERATING_SYSTEM;
}

static status read_number(int i, const char *key, number *out) {
    if (strcmp(key, "cap") == 0 && read_cap(i, out))
        return SUCCESS;
    double each = read_series(NO_GPU, "tick") == SUCCESS && series.values[0] ? (double)series.values[0] : 100;
    bool counts = strcmp(key, "energy") == 0 && is(i, key, "counter");
    number base = counts && read_series(i, "energy_base") == SUCCESS ? series.values[0] : 0;
    status code = read_series(i, counts ? "power" : key);
    if (code != SUCCESS)
        return code;
    double sum = 0, left = age;  /* mW times ms are µJ */
    for (number ticks = 0; counts && left > 0; ticks++) {
        bool stays = !series.repeats && ticks + 1 >= series.count;
        double part = stays || left < each ? left : each;
        sum += part * (double)value_at(ticks);
        left -= part;
    }
    *out = counts ? base + (number)(sum / 1e3) : value_at((number)(age / each));
    return SUCCESS;
}

static status read_unsigned(int i, const char *key, unsigned *out) {
    number found;
    status code = read_number(i, key, &found);
    if (code == SUCCESS)
        *out = (unsigned)found;
    return code;
}

static unsigned number_or(int i, const char *key, unsigned otherwise) {
    status code = read_unsigned(i, key, &otherwise);
    return code == SUCCESS || code == NOT_SUPPORTED ? otherwise : UNKNOWN;
}

static status copy(const char *value, char *out, size_t size) {
    if (!value || strlen(value) >= size)
        return value ? INSUFFICIENT_SIZE : NOT_SUPPORTED;
    strcpy(out, value);
    return SUCCESS;
}

/* ---- a call ---- */

static int index_of(gpu handle) {
    uintptr_t at = (uintptr_t)handle, first = (uintptr_t)devices;
    return at >= first && at < first + MAX_GPUS ? (int)(at - first) : BAD_HANDLE;
}

static void enter(const char *function, int i) {
    pthread_mutex_lock(&lock);
    const char *calls = getenv("FAKE_NVML_CALLS");
    FILE *file = calls ? fopen(calls, "ae") : NULL;
    if (file) {
        fprintf(file, i < 0 ? "%s -\n" : "%s %d\n", function, i);
        fclose(file);
    }
    read_script();
    loaded = loaded && !is(NO_GPU, "driver", "unloaded");
    if (!loaded)
        initialised = 0;
}

static status leave(status code) {
    pthread_mutex_unlock(&lock);
    return code;
}

static status allowed(const char *function, int i) {
    if (!initialised)
        return UNINITIALIZED;
    if (is(NO_GPU, "driver", "unknown") && strncmp(function, "nvmlDevice", 10) == 0)
        return UNKNOWN;
    if (i == BAD_HANDLE)
        return INVALID_ARGUMENT;
    if (i != NO_GPU && ((unsigned)i >= number_or(NO_GPU, "gpus", 0) || number_or(i, "lost", 0)))
        return GPU_IS_LOST;
    return (status)number_or(i, function, SUCCESS);
}

/* Defines a function: `about` is the index of a GPU or NO_GPU, the last argument what it does if it is allowed to. */
#define CALL(function, parameters, about, ...) \
    status function parameters { \
        int i = about; \
        enter(#function, i); \
        status code = allowed(#function, i); \
        if (code == SUCCESS) { __VA_ARGS__; } \
        return leave(code); \
    }
#define NUMBER(function, key) CALL(function, (gpu g, unsigned *out), index_of(g), code = read_unsigned(i, key, out))
#define LONG(function, key) CALL(function, (gpu g, number *out), index_of(g), code = read_number(i, key, out))
#define CHOICE(function, keys) \
    CALL(function, (gpu g, unsigned which, unsigned *out), index_of(g), \
         code = which < sizeof keys / sizeof *keys ? read_unsigned(i, keys[which], out) : INVALID_ARGUMENT)
#define LIST(function, key) \
    CALL(function, (gpu g, unsigned *count, struct process *out), index_of(g), code = list(find(i, key), count, out))

/* ---- the library and the system ---- */

static status init(const char *function) {
    enter(function, NO_GPU);
    status code = !loaded                            ? DRIVER_NOT_LOADED
                  : is(NO_GPU, "driver", "mismatch") ? LIB_RM_VERSION_MISMATCH
                                                     : (status)number_or(NO_GPU, function, SUCCESS);
    initialised += code == SUCCESS;
    return leave(code);
}

status nvmlInit_v2(void) { return init(__func__); }
status nvmlInitWithFlags(unsigned flags) { return (void)flags, init(__func__); }
CALL(nvmlShutdown, (void), NO_GPU, initialised--)

/* No part of NVML, for tests in whose process it stays loaded: as if it had just been loaded. */
void fake_nvml_reset(void) {
    pthread_mutex_lock(&lock);
    leave(initialised = 0);
}

const char *nvmlErrorString(status code) {
    static const char *const names[] = {
        "Success", "Uninitialized", "Invalid Argument", "Not Supported", "Insufficient Permissions",
        "Already Initialized", "Not Found", "Insufficient Size", "Insufficient External Power", "Driver Not Loaded",
        "Timeout", "Interrupt Request Issue", "NVML Shared Library Not Found", "Function Not Found",
        "Corrupted infoROM", "GPU is lost", "GPU requires reset", "The operating system has blocked the request.",
        "RM has detected an NVML/RM version mismatch.", "In use by another client", "Insufficient Memory", "No data",
        "vGPU ECC Not Supported", "Insufficient Resources", "Frequency Not Supported", "Argument version mismatch",
        "Deprecated", "Not Ready", "GPU Not Found", "Invalid State", "Reset Type Not Supported",
    };
    return code >= 0 && (size_t)code < sizeof names / sizeof *names ? names[code] : "Unknown Error";
}

CALL(nvmlSystemGetDriverVersion, (char *out, unsigned size), NO_GPU, code = copy(find(i, "version"), out, size))
CALL(nvmlSystemGetCudaDriverVersion, (unsigned *out), NO_GPU, code = read_unsigned(i, "cuda", out))
CALL(nvmlSystemGetCudaDriverVersion_v2, (unsigned *out), NO_GPU, code = read_unsigned(i, "cuda", out))
CALL(nvmlDeviceGetCount_v2, (unsigned *out), NO_GPU, *out = number_or(i, "gpus", 0))

/* ---- who a GPU is ---- */

static const char *uuid_of(int i) {
    static char usual[32];
    snprintf(usual, sizeof usual, "GPU-fake-%d", i);
    const char *found = find(i, "uuid");
    return found ? found : usual;
}

status nvmlDeviceGetHandleByIndex_v2(unsigned index, gpu *out) {
    int i = index < MAX_GPUS ? (int)index : BAD_HANDLE;
    enter(__func__, i);
    status code = allowed(__func__, i);
    if (code == GPU_IS_LOST && index >= number_or(NO_GPU, "gpus", 0))
        code = INVALID_ARGUMENT;
    if (code == SUCCESS)
        *out = &devices[i];
    return leave(code);
}

CALL(nvmlDeviceGetHandleByUUID, (const char *uuid, gpu *out), NO_GPU,
     unsigned count = number_or(NO_GPU, "gpus", 0);
     for (code = NOT_FOUND, i = 0; code == NOT_FOUND && i < MAX_GPUS && (unsigned)i < count; i++)
         if (strcmp(uuid_of(i), uuid) == 0)
             code = allowed(__func__, i);
     if (code == SUCCESS)
         *out = &devices[i - 1])
CALL(nvmlDeviceGetIndex, (gpu g, unsigned *out), index_of(g), *out = (unsigned)i)
CALL(nvmlDeviceGetName, (gpu g, char *out, unsigned size), index_of(g), code = copy(find(i, "name"), out, size))
CALL(nvmlDeviceGetUUID, (gpu g, char *out, unsigned size), index_of(g), code = copy(uuid_of(i), out, size))

struct pci { char legacy[16]; unsigned domain, bus, device, id, subsystem; char address[32]; };
CALL(nvmlDeviceGetPciInfo_v3, (gpu g, struct pci *out), index_of(g),
     const char *given = find(i, "pci");
     *out = (struct pci){.bus = (unsigned)i + 1};
     if (given && sscanf(given, "%x:%x:%x", &out->domain, &out->bus, &out->device) != 3)
         code = UNKNOWN;
     snprintf(out->address, sizeof out->address, "%08X:%02X:%02X.0", out->domain, out->bus, out->device);
     snprintf(out->legacy, sizeof out->legacy, "%04X:%02X:%02X.0",
              out->domain & 0xffff, out->bus & 0xff, out->device & 0xff))

/* ---- what a GPU says ---- */

struct memory { number total, free, used; };
CALL(nvmlDeviceGetMemoryInfo, (gpu g, struct memory *out), index_of(g),
     code = read_number(i, "mem_total", &out->total);
     code = code ? code : read_number(i, "mem_used", &out->used);
     out->free = out->total - out->used)
struct memory_v2 { unsigned version; number total, reserved, free, used; };
CALL(nvmlDeviceGetMemoryInfo_v2, (gpu g, struct memory_v2 *out), index_of(g),
     code = out->version == 0x02000028 ? read_number(i, "mem_total", &out->total) : ARGUMENT_VERSION_MISMATCH;
     code = code ? code : read_number(i, "mem_used", &out->used);
     out->reserved = 0;
     out->free = out->total - out->used)
struct utilization { unsigned gpu, memory; };
CALL(nvmlDeviceGetUtilizationRates, (gpu g, struct utilization *out), index_of(g),
     code = read_unsigned(i, "util", &out->gpu);
     code = code ? code : read_unsigned(i, "memutil", &out->memory))

/* By the enums of NVML; a key that no script has is NOT_SUPPORTED. */
static const char *const sensors[2] = {"temp", "-"};
static const char *const thresholds[8] = {"shutdown", "slowdown", "-", "maxtemp", "-", "-", "-", "-"};
static const char *const clocks[4] = {"sm_clock", "sm_clock", "mem_clock", "-"};
CHOICE(nvmlDeviceGetTemperature, sensors)
CHOICE(nvmlDeviceGetTemperatureThreshold, thresholds)
CHOICE(nvmlDeviceGetClockInfo, clocks)
struct temperature { unsigned version, sensor, degrees; };
CALL(nvmlDeviceGetTemperatureV, (gpu g, struct temperature *out), index_of(g),
     code = out->version != 0x100000C ? ARGUMENT_VERSION_MISMATCH : out->sensor < 2 ? SUCCESS : INVALID_ARGUMENT;
     code = code ? code : read_unsigned(i, sensors[out->sensor], &out->degrees))

NUMBER(nvmlDeviceGetPowerUsage, "power")
NUMBER(nvmlDeviceGetPowerManagementLimit, "cap")
NUMBER(nvmlDeviceGetEnforcedPowerLimit, "cap")
NUMBER(nvmlDeviceGetPowerManagementDefaultLimit, "cap_default")
NUMBER(nvmlDeviceGetFanSpeed, "fan")
NUMBER(nvmlDeviceGetPerformanceState, "p_state")
NUMBER(nvmlDeviceGetPersistenceMode, "persistence")
LONG(nvmlDeviceGetTotalEnergyConsumption, "energy")
LONG(nvmlDeviceGetCurrentClocksEventReasons, "reasons")
LONG(nvmlDeviceGetCurrentClocksThrottleReasons, "reasons")
CALL(nvmlDeviceGetMigMode, (gpu g, unsigned *current, unsigned *pending), index_of(g),
     code = read_unsigned(i, "mig", current);
     *pending = *current)

CALL(nvmlDeviceGetPowerManagementLimitConstraints, (gpu g, unsigned *least, unsigned *most), index_of(g),
     code = read_unsigned(i, "cap_min", least);
     code = code ? code : read_unsigned(i, "cap_max", most))
CALL(nvmlDeviceSetPowerManagementLimit, (gpu g, unsigned cap), index_of(g),
     unsigned least; unsigned most;
     code = is(i, "set_cap", "ok") ? read_unsigned(i, "cap_min", &least) : NO_PERMISSION;
     code = code ? code : read_unsigned(i, "cap_max", &most);
     code = code ? code : cap < least || cap > most ? INVALID_ARGUMENT : write_cap(i, cap))

struct process { unsigned pid; number bytes; unsigned instance, compute_instance; };

/* As NVML has it: where the room is too small it only says how many there are. */
static status list(const char *at, unsigned *count, struct process *out) {
    unsigned room = out ? *count : 0;
    if (!at)
        return NOT_SUPPORTED;
    for (*count = 0; *at; at += *at == ',') {
        char *end;
        struct process one = {(unsigned)strtoul(at, &end, 10), UINT64_MAX, UINT32_MAX, UINT32_MAX};
        if (*end == ':')
            one.bytes = strtoull(end + 1, &end, 10);
        if ((*count)++ < room)
            out[*count - 1] = one;
        at = end + strcspn(end, ",");
    }
    return *count > room ? INSUFFICIENT_SIZE : SUCCESS;
}

LIST(nvmlDeviceGetComputeRunningProcesses_v3, "pids")
LIST(nvmlDeviceGetGraphicsRunningProcesses_v3, "gpids")
