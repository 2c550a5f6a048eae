/* In coverage builds alone (-Wl,--wrap=_exit): counts are kept also where a run ends
 * without exit(3), as one does whose libcurl is still busy with a name. */
void __gcov_dump(void);
_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

void __wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}
